// The natural logarithm.

//#include "lib/natural_log.wgsl"

fn f(x: f32) -> f32 {
  return natural_log(x);
}

fn vjp(dy: f32, x: f32) -> f32 {
  return dy / x;
}
