// y = (x - mean) * rstd * w + b along each row, with rstd = 1 / sqrt(var + eps). Without CENTER, RMS norm:
// y = x / sqrt(mean(x^2) + eps) * w.
//
// Shapes: x, y [rows, cols]; w, b [cols]; stats [rows], saved for backward: mean, what rounding left off it, rstd.
// Work:   one invocation a row: no barrier. Suits software adapters and short rows.
// Memory: 8 bytes an element (the second and third read of a row are in cache).
// Source: corrected two-pass algorithm, Chan, Golub and LeVeque, "Algorithms for Computing the Sample Variance", 1983.

//#include "lib/row_norm.wgsl"

override WORKGROUP: u32 = 16u;

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
  let row = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (row >= params.rows) {
    return;
  }
  let start = row * params.cols;
  var mean = 0.0;
  if (CENTER) {
    var sum = Element();
    for (var j = 0u; j < params.cols; j++) {
      sum += x[start + j];
    }
    mean = across_sum(sum) * params.scale;
  }
  var drift = Element();
  var squares = Element();
  for (var j = 0u; j < params.cols; j++) {
    let d = x[start + j] - mean;
    drift += d;
    squares += d * d;
  }
  var residual = 0.0;
  var variance = across_sum(squares) * params.scale;
  if (CENTER) {
    residual = across_sum(drift) * params.scale;
    // Rounding may leave it below 0. What max hides of NaN, the mean keeps.
    variance = max(variance - residual * residual, 0.0);
  }
  let rstd = inverseSqrt(variance + params.eps);
  for (var j = 0u; j < params.cols; j++) {
    var value = (x[start + j] - mean - residual) * rstd;
    if (HAS_WEIGHT) {
      value *= w[j];
    }
    if (HAS_BIAS) {
      value += b[j];
    }
    y[start + j] = value;
  }
  stats[row] = vec4f(mean, residual, rstd, 0.0);
}
