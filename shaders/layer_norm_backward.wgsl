// dx = rstd * (g - mean(g) - xhat * mean(g * xhat)) along each row, with g = w * dy and xhat = (x - mean) * rstd.
// Without CENTER (RMS norm) the term mean(g) is left out.
//
// Shapes: x, dy, dx [rows, cols]; w [cols]; mean, rstd [rows].
// Work:   one invocation a row.
// Memory: 12 bytes an element (the second read of a row is in cache).

//#include "lib/row_norm.wgsl"

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> mean: array<f32>;
@group(0) @binding(4) var<storage, read> rstd: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

override WORKGROUP: u32 = 16u;

fn weighted(row_start: u32, j: u32) -> f32 {
  if (HAS_WEIGHT) {
    return dy[row_start + j] * w[j];
  }
  return dy[row_start + j];
}

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
  let center = mean[row];
  let scale = rstd[row];
  var sum = 0.0;
  var dot = 0.0;
  for (var j = 0u; j < params.cols; j++) {
    let g = weighted(start, j);
    sum += g;
    dot += g * (x[start + j] - center) * scale;
  }
  if (!CENTER) {
    sum = 0.0;
  }
  let mean_g = sum / f32(params.cols);
  let mean_dot = dot / f32(params.cols);
  for (var j = 0u; j < params.cols; j++) {
    let xhat = (x[start + j] - center) * scale;
    dx[start + j] = scale * (weighted(start, j) - mean_g - xhat * mean_dot);
  }
}
