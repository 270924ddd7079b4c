// y_i = exp(x_i - max(x)) / sum_j exp(x_j - max(x)), along each row.
//
// Shapes: x, y [rows, cols], f32.
// Work:   one invocation a row: no barrier, no workgroup memory. Suits software adapters and short rows.
// Memory: 12 bytes an element (a row is read twice; the second time it is in cache).

//#include "lib/numerics.wgsl"

struct Params {
  rows: u32,
  cols: u32,
}

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
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
  let start = row * params.cols;
  let end = start + params.cols;
  var highest = LOWEST;
  for (var i = start; i < end; i++) {
    highest = max(highest, x[i]);
  }
  var sum = 0.0;
  for (var i = start; i < end; i++) {
    let e = exp(x[i] - highest);
    y[i] = e;
    sum += e;
  }
  let scale = 1.0 / sum;
  for (var i = start; i < end; i++) {
    y[i] *= scale;
  }
}
