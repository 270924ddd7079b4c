// Partial sums for the gradients of weight and bias:
//   dw[c, j] = sum of dy[i, j] * xhat[i, j],  db[c, j] = sum of dy[i, j], over the rows i of chunk c.
//
// Shapes: x, dy [rows, cols]; mean, rstd [rows]; dw, db [chunks, cols]. A launch of column_sums over the chunks ends it.
// Work:   one invocation a (chunk, column), neighbours along the columns; rows in order: no atomics.
// Memory: 8 bytes an element.

struct Params {
  rows: u32,
  cols: u32,
  chunks: u32,
  rows_per_chunk: u32,
}

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> rstd: array<f32>;
@group(0) @binding(4) var<storage, read_write> dw: array<f32>;
@group(0) @binding(5) var<storage, read_write> db: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (id >= params.chunks * params.cols) {
    return;
  }
  let col = id % params.cols;
  let chunk = id / params.cols;
  let first = min(chunk * params.rows_per_chunk, params.rows);
  let end = min(first + params.rows_per_chunk, params.rows);
  var sum_w = 0.0;
  var sum_b = 0.0;
  for (var row = first; row < end; row++) {
    let g = dy[row * params.cols + col];
    sum_w += g * (x[row * params.cols + col] - mean[row]) * rstd[row];
    sum_b += g;
  }
  dw[id] = sum_w;
  db[id] = sum_b;
}
