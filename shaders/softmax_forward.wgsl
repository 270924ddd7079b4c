// y_j = exp(x_j - max(x)) / sum_k exp(x_k - max(x)) along each row; with LOG its logarithm, x_j - max(x) - log(sum).
//
// Shapes: x, y [outer, extent, inner]; a row runs along `extent`, its elements `inner` apart. Element is f32; vec4f of
//         one row where inner is 1 (extent counts fours); or vec4f of four rows (inner counts fours).
// Work:   one invocation a row: no barrier, no workgroup memory. Suits software adapters, short rows, inner axes.
// Memory: 12 bytes an element (a row is read twice or three times; after the first it is in cache).

//#include "lib/across.wgsl"

struct Params {
  rows: u32,
  extent: u32,
  inner: u32,
}

override WORKGROUP: u32 = 16u;
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
  let row = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (row >= params.rows) {
    return;
  }
  let step = params.inner;
  let start = row / step * params.extent * step + row % step;
  let end = start + params.extent * step;
  // From the first element, not from LOWEST, so that a row of nothing but -infinity comes out as NaN.
  var most = x[start];
  for (var i = start + step; i < end; i += step) {
    most = max(most, x[i]);
  }
  let highest = across_max(most);
  var sum = Element();
  for (var i = start; i < end; i += step) {
    let e = exp(x[i] - highest);
    if (!LOG) {
      y[i] = e;
    }
    sum += e;
  }
  let total = nan_unless_finite(across_sum(sum));
  if (LOG) {
    let log_total = log_of(total);
    for (var i = start; i < end; i += step) {
      y[i] = x[i] - highest - log_total;
    }
  } else {
    let scale = 1.0 / total;
    for (var i = start; i < end; i += step) {
      y[i] *= scale;
    }
  }
}
