// The four functions of a reduction, here for a sum; a file of shaders/reduce/ replaces those that differ.
// `s` is the output's value of the second operand: a mean, or an extremum whose ties are counted.
// Element, Bits and Truth are aliases of the including kernel: scalars, or vectors of four.

// What one element contributes.
fn contribution(x: Element, s: Element) -> Element {
  return x;
}

// What a run starts from, before it combines all of its elements, the first one included.
fn initial(first: Element) -> Element {
  return Element(0);
}

fn combine(a: Element, b: Element) -> Element {
  return a + b;
}

// The result of the combined elements.
fn finish(total: Element) -> Element {
  return total;
}

fn nan_mask(x: Element) -> Truth {
  return (bitcast<Bits>(x) & Bits(0x7fffffffu)) > Bits(0x7f800000u);
}

fn value_of(element: Element, s: Element) -> Element {
  if (CONTRIBUTE) {
    return contribution(element, s);
  }
  return element;
}

// Where output k's elements begin in x.
fn kept_offset(k: u32) -> u32 {
  let k2 = k % params.kept_extent2;
  let rest = k / params.kept_extent2;
  let k1 = rest % params.kept_extent1;
  return rest / params.kept_extent1 * params.kept_stride0 + k1 * params.kept_stride1 + k2 * params.kept_stride2;
}

// Where the r-th element of an output lies, from there.
fn reduced_offset(r: u32) -> u32 {
  let rest = r / params.extent2;
  return rest / params.extent1 * params.stride0 + rest % params.extent1 * params.stride1 + r % params.extent2 * params.stride2;
}
