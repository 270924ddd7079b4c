// x (1 + tanh(u)) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3)

fn f(x: f32) -> f32 {
  return 0.5 * x * (1.0 + safe_tanh(0.7978845608 * x * (1.0 + 0.044715 * x * x)));
}

fn vjp(dy: f32, x: f32) -> f32 {
  // Beyond 20 the slope is 0 or 1 in f32, and x^2 times 0 must not become NaN.
  let v = select(clamp(x, -20.0, 20.0), x, is_nan(x));
  let t = safe_tanh(0.7978845608 * v * (1.0 + 0.044715 * v * v));
  let du = 0.7978845608 * (1.0 + 0.134145 * v * v);
  return dy * 0.5 * (1.0 + t + v * (1.0 - t) * (1.0 + t) * du);
}
