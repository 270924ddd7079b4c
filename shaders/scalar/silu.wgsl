// x sigmoid(x)

fn sigmoid(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(1.0, e, x < 0.0) / (1.0 + e);
}

fn f(x: f32) -> f32 {
  return x * sigmoid(x);
}

fn vjp(dy: f32, x: f32) -> f32 {
  let s = sigmoid(x);
  return dy * s * (1.0 + x * (1.0 - s));
}
