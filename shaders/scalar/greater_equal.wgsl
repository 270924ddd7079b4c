// 1 where a >= b, else 0. Nothing compares with NaN.

fn f(a: Element, b: Element) -> u32 {
  return u32(a >= b && !is_nan_element(a) && !is_nan_element(b));
}
