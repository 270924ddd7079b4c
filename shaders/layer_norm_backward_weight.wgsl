// Gradients of weight and bias, over the rows i of chunk c:
//   dw[c, j] = sum of dy[i, j] * xhat[i, j],  db[c, j] = sum of dy[i, j].
//
// Shapes: x, dy [rows, cols]; stats [rows]; dw, db [chunks, cols]. chunk_sums.wgsl adds the chunks. Element is f32, or
//         vec4f where `cols` counts fours.
// Work:   one invocation a (chunk, column), neighbours along the columns; rows in order: no atomics.
// Memory: 8 bytes an element.

alias Element = f32;

struct Params {
  rows: u32,
  cols: u32,
  chunks: u32,
  rows_per_chunk: u32,
}

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> dy: array<Element>;
@group(0) @binding(2) var<storage, read> stats: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dw: array<Element>;
@group(0) @binding(4) var<storage, read_write> db: array<Element>;
@group(0) @binding(5) var<uniform> params: Params;

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
  let first = min(id / params.cols * params.rows_per_chunk, params.rows);
  let end = min(first + params.rows_per_chunk, params.rows);
  var sum_w = Element();
  var sum_b = Element();
  for (var row = first; row < end; row++) {
    let s = stats[row];
    let g = dy[row * params.cols + col];
    sum_w += g * ((x[row * params.cols + col] - s.x - s.y) * s.z);
    sum_b += g;
  }
  dw[id] = sum_w;
  db[id] = sum_b;
}
