// Infinity norm: sign(x) dy in equal parts to the elements with |x| = y.

fn vjp(x: f32, s: f32, dy: f32, ties: f32) -> f32 {
  return select(0.0, select(sign(x), x, is_nan(x)) * dy / ties, abs(x) == s || (is_nan(x) && is_nan(s)));
}
