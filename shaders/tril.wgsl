// Lower triangle: y[b, r, c] = x[b, r, c] where c - r <= diagonal, else 0. UPPER keeps c - r >= diagonal.
//
// Shapes: x, y [batch, rows, cols], any type (0 has the same bits in all).
// Work:   one invocation an element.
// Memory: each element once in and once out.

// f16 moves as f16.
alias StoredX = u32;
alias StoredY = u32;

struct Params {
  size: u32,
  rows: u32,
  cols: u32,
  diagonal: i32,
}

override WORKGROUP: u32 = 64u;
override UPPER: bool = false;

@group(0) @binding(0) var<storage, read> x: array<StoredX>;
@group(0) @binding(1) var<storage, read_write> y: array<StoredY>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (i >= params.size) {
    return;
  }
  let col = i % params.cols;
  let row = (i / params.cols) % params.rows;
  let above = i32(col) - i32(row);
  y[i] = select(StoredY(), StoredY(x[i]), select(above <= params.diagonal, above >= params.diagonal, UPPER));
}
