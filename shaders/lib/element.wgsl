// The element type of a map kernel, set from the host by `types: { Element: "i32" }`.
// Every map kernel includes this, so files of scalar/ use these functions without an include of their own.

//#include "lib/numerics.wgsl"

alias Element = f32;

const ELEMENT_IS_FLOAT: bool = Element(0.5) != Element(0);

fn is_nan_element(x: Element) -> bool {
  return ELEMENT_IS_FLOAT && is_nan(bitcast<f32>(x));
}
