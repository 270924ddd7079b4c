// layer_norm_forward.wgsl for adapters that want parallelism within a row.
//
// Shapes: x, y [rows, cols]; w, b [cols]; stats [rows].
// Work:   one workgroup a row: lanes take neighbouring elements, then trees over workgroup memory.
// Memory: 8 bytes an element (the second and third read of a row are in cache).

//#include "lib/row_norm.wgsl"
//#include "lib/workgroup_reduce.wgsl"

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> w: array<Element>;
@group(0) @binding(2) var<storage, read> b: array<Element>;
@group(0) @binding(3) var<storage, read_write> y: array<Element>;
@group(0) @binding(4) var<storage, read_write> stats: array<vec4f>;
@group(0) @binding(5) var<uniform> params: Params;

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
  let start = row * params.cols;
  var mean = 0.0;
  if (CENTER) {
    var sum = Element();
    for (var j = lane; j < params.cols; j += WORKGROUP) {
      sum += x[start + j];
    }
    mean = workgroup_sum(lane, across_sum(sum)) * params.scale;
  }
  var drift = Element();
  var squares = Element();
  for (var j = lane; j < params.cols; j += WORKGROUP) {
    let d = x[start + j] - mean;
    drift += d;
    squares += d * d;
  }
  var residual = 0.0;
  var variance = workgroup_sum(lane, across_sum(squares)) * params.scale;
  if (CENTER) {
    residual = workgroup_sum(lane, across_sum(drift)) * params.scale;
    // Rounding may leave it below 0. What max hides of NaN, the mean keeps.
    variance = max(variance - residual * residual, 0.0);
  }
  let rstd = inverseSqrt(variance + params.eps);
  for (var j = lane; j < params.cols; j += WORKGROUP) {
    var value = (x[start + j] - mean - residual) * rstd;
    if (HAS_WEIGHT) {
      value *= w[j];
    }
    if (HAS_BIAS) {
      value += b[j];
    }
    y[start + j] = value;
  }
  if (lane == 0u) {
    stats[row] = vec4f(mean, residual, rstd, 0.0);
  }
}
