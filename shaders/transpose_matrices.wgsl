// y[c, r] = x[r, c] for every matrix of a table: all weights of a model in one dispatch.
//
// Shapes: x and y flat, f32 or f16; a matrix [rows, cols] anywhere in x, its transpose [cols, stride] in y, stride = rows rounded
//         up to 4, on a boundary of 4. What pads a row of y repeats the last row of x.
// Work:   one invocation a block of 4x4; it finds its matrix by bisection. No workgroup memory.
// Memory: each element once in and once out.

// In memory: half as wide for f16.
alias StoredX = f32;
alias StoredY = vec4f;

struct Params {
  blocks: u32,
  matrices: u32,
}

struct Matrix {
  // How many blocks the matrices before it have.
  first_block: u32,
  rows: u32,
  cols: u32,
  // Elements.
  x_offset: u32,
  y_offset: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<StoredX>;
@group(0) @binding(1) var<storage, read> table: array<Matrix>;
@group(0) @binding(2) var<storage, read_write> y: array<StoredY>;
@group(0) @binding(3) var<uniform> params: Params;

// The last matrix that begins at or before `block`.
fn matrix_of(block: u32) -> Matrix {
  var low = 0u;
  var high = params.matrices;
  while (high - low > 1u) {
    let middle = (low + high) / 2u;
    if (table[middle].first_block <= block) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return table[low];
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (block >= params.blocks) {
    return;
  }
  let matrix = matrix_of(block);
  let col_blocks = (matrix.cols + 3u) / 4u;
  let stride = (matrix.rows + 3u) / 4u;
  let row = (block - matrix.first_block) / col_blocks * 4u;
  let col = (block - matrix.first_block) % col_blocks * 4u;
  let last = matrix.rows - 1u;
  let row0 = matrix.x_offset + row * matrix.cols;
  let row1 = matrix.x_offset + min(row + 1u, last) * matrix.cols;
  let row2 = matrix.x_offset + min(row + 2u, last) * matrix.cols;
  let row3 = matrix.x_offset + min(row + 3u, last) * matrix.cols;
  for (var c = col; c < min(col + 4u, matrix.cols); c++) {
    y[matrix.y_offset / 4u + c * stride + row / 4u] = StoredY(vec4f(f32(x[row0 + c]), f32(x[row1 + c]), f32(x[row2 + c]), f32(x[row3 + c])));
  }
}
