// softmax_forward.wgsl for adapters that want parallelism within a row.
//
// Shapes: x, y [outer, extent, inner], Element f32, or vec4f of one row where inner is 1 (extent counts fours).
// Work:   one workgroup a row: lanes take neighbouring elements, then a tree over workgroup memory.
// Memory: 12 bytes an element (a row is read twice; the second time it is in cache).

//#include "lib/across.wgsl"
//#include "lib/workgroup_reduce.wgsl"

struct Params {
  rows: u32,
  extent: u32,
  inner: u32,
}

override WORKGROUP: u32 = 64u;
override LOG: bool = false;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element>;
@group(0) @binding(2) var<uniform> params: Params;

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
  // Idle lanes hold the first element.
  var most = x[start];
  for (var i = first; i < end; i += step) {
    most = max(most, x[i]);
  }
  let highest = workgroup_max(lane, across_max(most));
  var sum = Element();
  for (var i = first; i < end; i += step) {
    sum += exp(x[i] - highest);
  }
  let total = nan_unless_finite(workgroup_sum(lane, across_sum(sum)));
  if (LOG) {
    let log_total = log_of(total);
    for (var i = first; i < end; i += step) {
      y[i] = x[i] - highest - log_total;
    }
  } else {
    let scale = 1.0 / total;
    for (var i = first; i < end; i += step) {
      y[i] = exp(x[i] - highest) * scale;
    }
  }
}
