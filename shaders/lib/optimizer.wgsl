// What an optimizer's kernels share. The arena is cut into blocks of 256 elements; a block belongs to one parameter,
// and a parameter to one group.

const BLOCK_VEC4S: u32 = 64u;
const INACTIVE: u32 = 0xffffffffu;

const FLAG_MAXIMIZE: u32 = 1u;
const FLAG_DECOUPLED: u32 = 2u;
const FLAG_NESTEROV: u32 = 4u;
const FLAG_GRADIENT_INIT: u32 = 8u;
const FLAG_NO_BIAS_CORRECTION: u32 = 16u;
const FLAG_CENTERED: u32 = 32u;
const FLAG_AMSGRAD: u32 = 64u;

// What optimizer_finalise tells the step kernel about one parameter at this step.
struct Hyper {
  // The algorithm's own numbers: see the step kernel.
  own: vec3f,
  lr: f32,
  weight_decay: f32,
  // What a gradient is multiplied by: clipping by norm, the number of backward passes that it sums, -1 to maximize.
  gradient_scale: f32,
  // Scaled gradients are clamped to this and its negative; the largest float for no clipping.
  clip_value: f32,
  // Steps this parameter has taken, this one included; 0: leave it alone.
  step: u32,
  // 1 - beta1^step, 1 - beta2^step.
  correction: vec2f,
  // ln beta1, ln beta2.
  log_betas: vec2f,
  flags: u32,
}

// The gradient as the algorithm sees it.
fn gradient(raw: vec4f, h: Hyper) -> vec4f {
  return clamp(raw * h.gradient_scale, vec4f(-h.clip_value), vec4f(h.clip_value));
}

// a + k * (b - a), exact at k = 0 and k = 1: unlike (1 - k) * a + k * b, a constant b is a fixed point whatever k rounds to.
fn lerp(a: vec4f, b: vec4f, k: f32) -> vec4f {
  if (k < 0.5) {
    return a + (b - a) * k;
  }
  return b - (b - a) * (1.0 - k);
}
