// 1 where x is NaN, else 0.

fn f(x: f32) -> u32 {
  return u32(is_nan(x));
}
