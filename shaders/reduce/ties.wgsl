// How many elements equal s, an extremum; where s is NaN, how many are NaN.

fn contribution(x: Element, s: Element) -> Element {
  return select(Element(0), Element(1), (x == s) | (nan_mask(x) & nan_mask(s)));
}
