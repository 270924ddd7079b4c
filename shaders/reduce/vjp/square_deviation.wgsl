// Variance: 2 (x - mean) / (n - correction) dy, the factor in params.scale. What the mean moves cancels.

fn vjp(x: f32, s: f32, dy: f32, ties: f32) -> f32 {
  return params.scale * (x - s) * dy;
}
