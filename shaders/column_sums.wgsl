// y[g, c, j] = sum of x[g, i, j] over the rows i of chunk c.
//
// Shapes: x [groups, rows, cols], y [groups, chunks, cols]; Element is f32, or vec4f where cols counts fours.
// Work:   one invocation a (group, chunk, column), neighbours along the columns; rows are added in order, so the result
//         does not depend on scheduling. A second launch over the chunks finishes the sum: no atomics.
// Memory: each element of x once.

alias Element = f32;
// In memory: half as wide for f16.
alias StoredX = Element;
alias StoredY = Element;

struct Params {
  groups: u32,
  rows: u32,
  cols: u32,
  chunks: u32,
  rows_per_chunk: u32,
}

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> x: array<StoredX>;
@group(0) @binding(1) var<storage, read_write> y: array<StoredY>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (id >= params.groups * params.chunks * params.cols) {
    return;
  }
  let col = id % params.cols;
  let chunk = id / params.cols % params.chunks;
  let group = id / (params.cols * params.chunks);
  let first = min(chunk * params.rows_per_chunk, params.rows);
  let end = min(first + params.rows_per_chunk, params.rows);
  let start = group * params.rows * params.cols + col;
  var sum = Element();
  for (var row = first; row < end; row++) {
    sum += Element(x[start + row * params.cols]);
  }
  y[id] = StoredY(sum);
}
