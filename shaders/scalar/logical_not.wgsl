// 1 where x is 0, else 0. NaN is not 0.

fn f(x: Element) -> u32 {
  return u32(x == Element(0) && !is_nan_element(x));
}
