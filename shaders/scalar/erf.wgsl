// erf(x) = 2 / sqrt(pi) * integral of exp(-t^2) from 0 to x

//#include "lib/erf.wgsl"

fn f(x: f32) -> f32 {
  return erf(x);
}

fn vjp(dy: f32, x: f32) -> f32 {
  return dy * 1.12837917 * exp(-x * x);
}
