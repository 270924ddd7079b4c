// Infinity norm: the maximum of |x|; a NaN wins over everything.

fn contribution(x: Element, s: Element) -> Element {
  return abs(x);
}

fn initial(first: Element) -> Element {
  return first;
}

fn combine(a: Element, b: Element) -> Element {
  return select(a, b, !nan_mask(a) & ((b > a) | nan_mask(b)));
}
