// softmax_backward.wgsl for adapters that want parallelism within a row.
//
// Shapes: y, dy, dx [outer, extent, inner], Element f32, or vec4f of one row where inner is 1 (extent counts fours).
// Work:   one workgroup a row: lanes take neighbouring elements, then a tree over workgroup memory.
// Memory: 12 bytes an element (the second read of a row is in cache).

//#include "lib/across.wgsl"
//#include "lib/workgroup_reduce.wgsl"

struct Params {
  rows: u32,
  extent: u32,
  inner: u32,
}

override WORKGROUP: u32 = 64u;
override LOG: bool = false;

@group(0) @binding(0) var<storage, read> y: array<Element>;
@group(0) @binding(1) var<storage, read> dy: array<Element>;
@group(0) @binding(2) var<storage, read_write> dx: array<Element>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup.x + workgroup.y * workgroups.x;
  if (row >= params.rows) {
    return;
  }
  let start = row / params.inner * params.extent * params.inner + row % params.inner;
  let end = start + params.extent * params.inner;
  let first = start + lane * params.inner;
  let step = WORKGROUP * params.inner;
  var sum = Element();
  for (var i = first; i < end; i += step) {
    if (LOG) {
      sum += dy[i];
    } else {
      sum += y[i] * dy[i];
    }
  }
  let dot = workgroup_sum(lane, across_sum(sum));
  for (var i = first; i < end; i += step) {
    if (LOG) {
      dx[i] = dy[i] - exp(y[i]) * dot;
    } else {
      dx[i] = y[i] * (dy[i] - dot);
    }
  }
}
