// y_k = the winner among the winners of k's chunks; the first chunk keeps a tie.
//
// Shapes: x [outer, extent, inner], f32, i32 or u32; winners [chunks, outer, inner], y [outer, inner], i32.
// Work:   one invocation an output.
// Memory: 8 bytes a chunk.

//#include "lib/beats.wgsl"

alias Element = f32;

struct Params {
  outputs: u32,
  inner: u32,
  extent: u32,
  chunks: u32,
}

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> winners: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<i32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let k = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (k >= params.outputs) {
    return;
  }
  let base = k / params.inner * params.extent * params.inner + k % params.inner;
  var winner = winners[k];
  var best = x[base + u32(winner) * params.inner];
  for (var chunk = 1u; chunk < params.chunks; chunk++) {
    let rival = winners[chunk * params.outputs + k];
    let candidate = x[base + u32(rival) * params.inner];
    if (beats(candidate, best)) {
      best = candidate;
      winner = rival;
    }
  }
  y[k] = winner;
}
