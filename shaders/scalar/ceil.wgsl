// The smallest whole number not below x.

fn f(x: f32) -> f32 {
  return ceil(x);
}

fn vjp(dy: f32, s: f32) -> f32 {
  return 0.0;
}
