// Averaged weights over the whole arena: ema += (1 - decay) * (p - ema), left alone where the step was skipped.
//
// Shapes: p, ema [blocks * 64] vec4; control: see optimizer_finalise, its word 6 holds 1 - decay of this step, or 0.
// Work:   a workgroup a block, every workgroups-th one; a lane every WORKGROUP-th vec4 of it.
// Memory: 12 bytes a parameter.
// Source: Polyak and Juditsky 1992, with exponential weights.

//#include "lib/optimizer.wgsl"

struct Params {
  blocks: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> control: array<u32>;
@group(0) @binding(1) var<storage, read> p: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> ema: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let rate = bitcast<f32>(control[6]);
  if (rate == 0.0) {
    return;
  }
  let stride = workgroups.x * workgroups.y;
  for (var block = workgroup.x + workgroup.y * workgroups.x; block < params.blocks; block += stride) {
    for (var i = block * BLOCK_VEC4S + lane; i < (block + 1u) * BLOCK_VEC4S; i += WORKGROUP) {
      ema[i] = lerp(ema[i], p[i], rate);
    }
  }
}
