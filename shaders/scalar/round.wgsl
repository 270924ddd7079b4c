// The nearest whole number, of two equally near the even one.

fn f(x: f32) -> f32 {
  return round(x);
}

fn vjp(dy: f32, s: f32) -> f32 {
  return 0.0;
}
