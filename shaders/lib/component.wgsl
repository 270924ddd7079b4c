// Single elements of an Element, for kernels that treat one class of a row apart. Beside lib/across.wgsl.

// Elements in an Element: 4 with fours_in_row.wgsl.
const WIDTH: u32 = 1u;

fn component(v: Element, k: u32) -> f32 {
  return v;
}

// 1 at position k, 0 elsewhere; all 0 when k is past the Element.
fn one_hot(k: u32) -> Element {
  return select(0.0, 1.0, k == 0u);
}
