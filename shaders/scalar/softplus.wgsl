// log(1 + e^(beta x)) / beta = max(x, 0) + log(1 + z) / beta with z = e^-|beta x| in (0, 1]
//
// Source: log(1 + z) = 2 atanh(s) with s = z / (2 + z), so that a small z keeps its digits. The polynomial
// interpolates (atanh(s) / s - 1) / s^2 at Chebyshev nodes of s^2.

fn f(x: f32, beta: f32) -> f32 {
  let z = exp(-abs(beta * x));
  let s = z / (2.0 + z);
  let t = s * s;
  let p = fma(fma(fma(0.1342574901, t, 0.141183099), t, 0.2000378032), t, 0.3333332017);
  let y = max(x, 0.0) + 2.0 * fma(s * t, p, s) / beta;
  return select(y, x, is_nan(x));
}

fn vjp(dy: f32, x: f32, beta: f32) -> vec2f {
  let e = exp(-abs(beta * x));
  let dx = dy * select(1.0, e, x < 0.0) / (1.0 + e);
  return vec2f(dx, (x * dx - dy * f(x, beta)) / beta);
}
