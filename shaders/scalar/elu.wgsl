// x where x > 0, alpha (e^x - 1) below
//
// Source: near 0, e^x - 1 by a polynomial: (e^x - 1 - x) / x^2 interpolated at Chebyshev nodes of [-0.5, 0.5].

fn exp_minus_1(x: f32) -> f32 {
  let p = fma(fma(fma(fma(fma(0.0001994487444, x, 0.001398218605), x, 0.008333236134), x, 0.04166579123), x, 0.166666668), x, 0.5000000122);
  return select(exp(x) - 1.0, fma(x * x, p, x), abs(x) < 0.5);
}

fn f(x: f32, alpha: f32) -> f32 {
  return select(x, alpha * exp_minus_1(x), x < 0.0);
}

fn vjp(dy: f32, x: f32, alpha: f32) -> vec2f {
  return select(vec2f(dy, 0.0), vec2f(dy * alpha * exp(x), dy * exp_minus_1(x)), x < 0.0);
}
