// max(x, 0), NaN where x is NaN; saves y. The gradient at 0 is 0.

fn f(x: f32) -> f32 {
  return select(max(x, 0.0), x, is_nan(x));
}

fn vjp(dy: f32, y: f32) -> f32 {
  return select(dy, 0.0, y <= 0.0);
}
