// y_j = exp(x_j - max(x)) / sum_k exp(x_k - max(x)) along each row; with LOG its logarithm, x_j - max(x) - log(sum).
//
// Shapes: x, y [outer, extent, inner]; a row runs along `extent`, its elements `inner` apart. Element is f32; vec4f of
//         one row where inner is 1 (extent counts fours); or vec4f of four rows (inner counts fours).
// Work:   LANES invocations a row: see lib/row_lanes.wgsl.
// Memory: 12 bytes an element (a row is read twice or three times; after the first it is in cache).

//#include "lib/across.wgsl"
//#include "lib/row_lanes.wgsl"

struct Params {
  rows: u32,
  extent: u32,
  inner: u32,
}

override LOG: bool = false;
// Whether y holds the exponentials meanwhile: on software adapters memory is nearer than exp.
override KEEPS: bool = false;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element>;
@group(0) @binding(2) var<uniform> params: Params;

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
  // From an element of the row, not from LOWEST, so that a row of nothing but -infinity comes out as NaN.
  var most = x[start];
  for (var i = first; i < end; i += step) {
    most = max(most, x[i]);
  }
  let highest = lanes_max(lane, across_max(most));
  var sum = Element();
  for (var i = first; i < end; i += step) {
    let e = exp(x[i] - highest);
    if (KEEPS && row < params.rows) {
      y[i] = e;
    }
    sum += e;
  }
  let total = nan_unless_finite(lanes_sum(lane, across_sum(sum)));
  if (row >= params.rows) {
    return;
  }
  if (LOG) {
    let log_total = log_of(total);
    for (var i = first; i < end; i += step) {
      y[i] = x[i] - highest - log_total;
    }
  } else {
    let scale = 1.0 / total;
    for (var i = first; i < end; i += step) {
      if (KEEPS) {
        y[i] *= scale;
      } else {
        y[i] = exp(x[i] - highest) * scale;
      }
    }
  }
}
