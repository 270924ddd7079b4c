// x P(z <= x), z standard normal

//#include "lib/erf.wgsl"

fn f(x: f32) -> f32 {
  return x * normal_cdf(x);
}

fn vjp(dy: f32, x: f32) -> f32 {
  return dy * (normal_cdf(x) + x * 0.39894228 * exp(-0.5 * x * x));
}
