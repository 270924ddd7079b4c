// Minimum of f32; a NaN wins over everything.

fn initial(first: Element) -> Element {
  return first;
}

fn combine(a: Element, b: Element) -> Element {
  return select(a, b, !nan_mask(a) & ((b < a) | nan_mask(b)));
}
