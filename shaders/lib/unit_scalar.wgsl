// A number in [0, 1] from Params or, where that is below 0, from a binding that the GPU may rewrite between steps. What
// the binding holds is clamped; NaN stays NaN. Both ways lead through one pipeline, so that they give the same bits.

//#include "lib/numerics.wgsl"

fn unit_scalar(given: f32, held: f32) -> f32 {
  let clamped = select(clamp(held, 0.0, 1.0), held, is_nan(held));
  return select(given, clamped, given < 0.0);
}
