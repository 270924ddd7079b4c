// x where x >= 0, slope x below

fn f(x: f32, slope: f32) -> f32 {
  return select(x, slope * x, x < 0.0);
}

fn vjp(dy: f32, x: f32, slope: f32) -> vec2f {
  return select(vec2f(dy, 0.0), vec2f(dy * slope, dy * x), x < 0.0);
}
