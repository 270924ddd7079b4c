// cos(x)

//#include "lib/trigonometry.wgsl"

fn f(x: f32) -> f32 {
  return sine_of(x, 1);
}

fn vjp(dy: f32, x: f32) -> f32 {
  return -dy * sine_of(x, 0);
}
