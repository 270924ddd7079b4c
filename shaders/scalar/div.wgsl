// a / b

fn f(a: f32, b: f32) -> f32 {
  return a / b;
}

fn vjp(dy: f32, a: f32, b: f32) -> vec2f {
  let da = dy / b;
  return vec2f(da, -da * (a / b));
}
