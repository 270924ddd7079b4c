// dx_i = y_i * (dy_i - sum_j y_j * dy_j), along each row.
//
// Shapes: y, dy, dx [rows, cols], f32.
// Work:   one invocation a row.
// Memory: 12 bytes an element (the second read of a row is in cache).

struct Params {
  rows: u32,
  cols: u32,
}

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
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
  let start = row * params.cols;
  let end = start + params.cols;
  var dot = 0.0;
  for (var i = start; i < end; i++) {
    dot += y[i] * dy[i];
  }
  for (var i = start; i < end; i++) {
    dx[i] = y[i] * (dy[i] - dot);
  }
}
