// 1 / x; saves y.

fn f(x: f32) -> f32 {
  return 1.0 / x;
}

fn vjp(dy: f32, y: f32) -> f32 {
  return -dy * y * y;
}
