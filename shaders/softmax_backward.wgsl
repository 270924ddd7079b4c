// dx_j = y_j * (dy_j - sum_k y_k * dy_k) along each row; with LOG, where y is the logarithm,
// dx_j = dy_j - exp(y_j) * sum_k dy_k.
//
// Shapes: y, dy, dx [outer, extent, inner]; Element as in softmax_forward.wgsl.
// Work:   LANES invocations a row: see lib/row_lanes.wgsl.
// Memory: 12 bytes an element (the second read of a row is in cache).

//#include "lib/across.wgsl"
//#include "lib/row_lanes.wgsl"

struct Params {
  rows: u32,
  extent: u32,
  inner: u32,
}

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
  let first_row = (workgroup.x + workgroup.y * workgroups.x) * (WORKGROUP / LANES);
  if (first_row >= params.rows) {
    return;
  }
  let row = first_row + lane / LANES;
  let computed = min(row, params.rows - 1u);
  let inner = params.inner;
  let start = computed / inner * params.extent * inner + computed % inner;
  let end = start + params.extent * inner;
  let first = start + lane % LANES * inner;
  let step = LANES * inner;
  var sum = Element();
  for (var i = first; i < end; i += step) {
    if (LOG) {
      sum += dy[i];
    } else {
      sum += y[i] * dy[i];
    }
  }
  let dot = lanes_sum(lane, across_sum(sum));
  if (row >= params.rows) {
    return;
  }
  for (var i = first; i < end; i += step) {
    if (LOG) {
      dx[i] = dy[i] - exp(y[i]) * dot;
    } else {
      dx[i] = y[i] * (dy[i] - dot);
    }
  }
}
