// dx_j = y_j * (dy_j - sum_k y_k * dy_k) along each row; with LOG, where y is the logarithm,
// dx_j = dy_j - exp(y_j) * sum_k dy_k.
//
// Shapes: y, dy, dx [outer, extent, inner]; Element as in softmax_forward.wgsl.
// Work:   one invocation a row.
// Memory: 12 bytes an element (the second read of a row is in cache).

//#include "lib/across.wgsl"

struct Params {
  rows: u32,
  extent: u32,
  inner: u32,
}

override WORKGROUP: u32 = 16u;
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
  let row = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (row >= params.rows) {
    return;
  }
  let step = params.inner;
  let start = row / step * params.extent * step + row % step;
  let end = start + params.extent * step;
  var sum = Element();
  for (var i = start; i < end; i += step) {
    if (LOG) {
      sum += dy[i];
    } else {
      sum += y[i] * dy[i];
    }
  }
  let dot = across_sum(sum);
  for (var i = start; i < end; i += step) {
    if (LOG) {
      dx[i] = dy[i] - exp(y[i]) * dot;
    } else {
      dx[i] = y[i] * (dy[i] - dot);
    }
  }
}
