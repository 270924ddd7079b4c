// y = (x - mean) * rstd * w + b along each row, with rstd = 1 / sqrt(var + eps). Without CENTER, RMS norm:
// y = x / sqrt(mean(x^2) + eps) * w.
//
// Shapes: x, y [rows, cols]; w, b [cols]; stats [rows], saved for backward: mean, what rounding left off it, rstd.
// Work:   LANES invocations a row: see lib/row_lanes.wgsl.
// Memory: each element once in and once out (the second and third read of a row are in cache).
// Source: corrected two-pass algorithm, Chan, Golub and LeVeque, "Algorithms for Computing the Sample Variance", 1983.

//#include "lib/row_norm.wgsl"

override HAS_BIAS: bool = true;

// In memory: half as wide for f16.
alias StoredX = Element;
alias StoredW = Element;
alias StoredB = Element;
alias StoredY = Element;

@group(0) @binding(0) var<storage, read> x: array<StoredX>;
@group(0) @binding(1) var<storage, read> w: array<StoredW>;
@group(0) @binding(2) var<storage, read> b: array<StoredB>;
@group(0) @binding(3) var<storage, read_write> y: array<StoredY>;
@group(0) @binding(4) var<storage, read_write> stats: array<vec4f>;
@group(0) @binding(5) var<uniform> params: Params;

struct Params {
  rows: u32,
  cols: u32,
  // 1 / (values in a row)
  scale: f32,
  eps: f32,
}

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
  let start = min(row, params.rows - 1u) * params.cols;
  let first = start + lane % LANES;
  let end = start + params.cols;
  var mean = 0.0;
  if (CENTER) {
    var sum = Element();
    for (var i = first; i < end; i += LANES) {
      sum += Element(x[i]);
    }
    mean = lanes_sum(lane, across_sum(sum)) * params.scale;
  }
  var drift = Element();
  var squares = Element();
  for (var i = first; i < end; i += LANES) {
    let d = Element(x[i]) - mean;
    drift += d;
    squares += d * d;
  }
  var residual = 0.0;
  var variance = lanes_sum(lane, across_sum(squares)) * params.scale;
  if (CENTER) {
    residual = lanes_sum(lane, across_sum(drift)) * params.scale;
    // Rounding may leave it below 0. What max hides of NaN, the mean keeps.
    variance = max(variance - residual * residual, 0.0);
  }
  let rstd = inverseSqrt(variance + params.eps);
  if (row >= params.rows) {
    return;
  }
  for (var j = lane % LANES; j < params.cols; j += LANES) {
    var value = (Element(x[start + j]) - mean - residual) * rstd;
    if (HAS_WEIGHT) {
      value *= Element(w[j]);
    }
    if (HAS_BIAS) {
      value += Element(b[j]);
    }
    y[start + j] = StoredY(value);
  }
  if (lane % LANES == 0u) {
    stats[row] = vec4f(mean, residual, rstd, 0.0);
  }
}
