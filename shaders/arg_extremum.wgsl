// y_k = the first r with the largest x_kr (smallest with MINIMUM); a NaN counts as the extremum.
//
// Shapes: x [outer, extent, inner], f32, i32 or u32; y [outer, inner], i32.
//         With more than one chunk, y [chunks, outer, inner] holds the winner of each.
// Work:   one invocation an output and chunk.
// Memory: 4 bytes an element.

//#include "lib/beats.wgsl"

alias Element = f32;

struct Params {
  outputs: u32,
  inner: u32,
  extent: u32,
  chunks: u32,
  chunk_length: u32,
}

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<i32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (i >= params.outputs * params.chunks) {
    return;
  }
  let k = i % params.outputs;
  let base = k / params.inner * params.extent * params.inner + k % params.inner;
  let start = i / params.outputs * params.chunk_length;
  let end = min(start + params.chunk_length, params.extent);
  var winner = start;
  var best = x[base + start * params.inner];
  for (var r = start + 1u; r < end; r++) {
    let candidate = x[base + r * params.inner];
    if (beats(candidate, best)) {
      best = candidate;
      winner = r;
    }
  }
  y[i] = i32(winner);
}
