// y = (x - mean) * rstd * w + b along each row, with rstd = 1 / sqrt(var + eps). Without CENTER, RMS norm:
// y = x / sqrt(mean(x^2) + eps) * w.
//
// Shapes: x, y [rows, cols]; w, b [cols]; mean, rstd [rows], saved for backward.
// Work:   one invocation a row: no barrier. Suits software adapters and short rows.
// Memory: 8 bytes an element (the second and third read of a row are in cache).
// Source: two passes, never E[x^2] - E[x]^2.

//#include "lib/row_norm.wgsl"

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read_write> mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

override WORKGROUP: u32 = 16u;

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
  let start = row * params.cols;
  var center = 0.0;
  if (CENTER) {
    var sum = 0.0;
    for (var j = 0u; j < params.cols; j++) {
      sum += x[start + j];
    }
    center = sum / f32(params.cols);
  }
  var squares = 0.0;
  for (var j = 0u; j < params.cols; j++) {
    let d = x[start + j] - center;
    squares += d * d;
  }
  let scale = 1.0 / sqrt(squares / f32(params.cols) + params.eps);
  for (var j = 0u; j < params.cols; j++) {
    var value = (x[start + j] - center) * scale;
    if (HAS_WEIGHT) {
      value *= w[j];
    }
    if (HAS_BIAS) {
      value += b[j];
    }
    y[start + j] = value;
  }
  mean[row] = center;
  rstd[row] = scale;
}
