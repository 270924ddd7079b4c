// What an optimizer's three kernels share. The arena is cut into blocks of 256 elements; a block belongs to one
// parameter, and a parameter to one group.

const BLOCK_VEC4S: u32 = 64u;
const INACTIVE: u32 = 0xffffffffu;

// What optimizer_finalise tells the step kernel about one parameter.
struct Hyper {
  // The group's cell of the step table: learning rate and what else may change with the step.
  cell: vec4f,
  // What does not: see the step kernel.
  options: vec4f,
  // 1 - beta1^step, 1 - beta2^step.
  correction: vec2f,
  // What the gradient is multiplied by: the clip coefficient.
  gradient_scale: f32,
  // Steps this parameter has taken, this one included; 0: leave it alone.
  step: u32,
}

// a + k * (b - a), exact at k = 0 and k = 1: unlike (1 - k) * a + k * b, a constant b is a fixed point whatever k rounds to.
fn lerp(a: vec4f, b: vec4f, k: f32) -> vec4f {
  if (k < 0.5) {
    return a + (b - a) * k;
  }
  return b - (b - a) * (1.0 - k);
}
