// y_i = x_i / (1 - p) where element i is kept, exactly 0 where it is dropped. Backward is the same with dy for x.
//
// Shapes: x, y [size], f32 or f16, read in packs of four; what lies behind the last element is padding.
// Work:   one pack a step, a grid's width apart. Words are drawn by counter, so the mask is computed again, never stored.
// Memory: each element once in and once out.
// Source: Srivastava et al. 2014, scaled at training time ("inverted").

//#include "lib/dropout.wgsl"

// In memory: half as wide for f16.
alias StoredX = vec4f;
alias StoredY = vec4f;

struct Params {
  packs: u32,
  // p; below 0 where held_rate holds it.
  rate: f32,
  stream: u32,
  draw: u32,
  seed: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<StoredX>;
@group(0) @binding(1) var<storage, read_write> y: array<StoredY>;
@group(0) @binding(2) var<uniform> held_rate: f32;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  let stride = workgroups.x * workgroups.y * WORKGROUP;
  let dropout = dropout_of(params.rate, held_rate);
  for (var pack = first; pack < params.packs; pack += stride) {
    let words = dropout_words(pack, params.stream, params.draw, params.seed);
    y[pack] = StoredY(select(vec4f(0.0), vec4f(x[pack]) * dropout.keep_scale, words >= vec4u(dropout.threshold)));
  }
}
