// 2-norm: x / y dy, and 0 where y is 0.

fn vjp(x: f32, s: f32, dy: f32, ties: f32) -> f32 {
  if (s == 0.0) {
    return 0.0;
  }
  return x / s * dy;
}
