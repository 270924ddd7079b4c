// (x - t)^2

fn loss(x: f32, t: f32, p: f32) -> f32 {
  return (x - t) * (x - t);
}

fn slope(x: f32, t: f32, p: f32) -> f32 {
  return 2.0 * (x - t);
}

fn target_slope(x: f32, t: f32, p: f32) -> f32 {
  return 2.0 * (t - x);
}
