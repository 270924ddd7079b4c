// y[i, j] = sum_p a[i, p] * b[p, j], for every batch, then lib/matmul_finish.wgsl: a 4x4 tile of y in the registers of one invocation.
//
// Shapes: a [m, k], b [k, n], y [m, n], f32 or f16; any sizes, any strides. For outputs with few rows or columns,
//         where tiles of 8x8 would be mostly padding.
// Work:   as matmul_register; rows and columns past the end are clamped, and only their stores left out.
// Memory: a step of p loads 8 scalars for 16 multiply-adds.

//#include "lib/matmul_params.wgsl"

override WORKGROUP: u32 = 8u;

// In memory: half as wide for f16.
alias StoredA = f32;
alias StoredB = f32;

@group(0) @binding(0) var<storage, read> a: array<StoredA>;
@group(0) @binding(1) var<storage, read> b: array<StoredB>;

//#include "lib/matmul_finish.wgsl"
//#include "lib/matmul_row_sums.wgsl"

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile_cols = (params.n + 3u) / 4u;
  let tile_rows = (params.m + 3u) / 4u;
  let tile = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  let batch = tile / (tile_cols * tile_rows);
  if (batch >= params.batches) {
    return;
  }
  let row = tile / tile_cols % tile_rows * 4u;
  let col = tile % tile_cols * 4u;

  let a_at = a_start(batch);
  let row0 = a_at + min(row + 0u, params.m - 1u) * params.a_row;
  let row1 = a_at + min(row + 1u, params.m - 1u) * params.a_row;
  let row2 = a_at + min(row + 2u, params.m - 1u) * params.a_row;
  let row3 = a_at + min(row + 3u, params.m - 1u) * params.a_row;
  let b_at = b_start(batch);
  let col0 = b_at + min(col + 0u, params.n - 1u) * params.b_col;
  let col1 = b_at + min(col + 1u, params.n - 1u) * params.b_col;
  let col2 = b_at + min(col + 2u, params.n - 1u) * params.b_col;
  let col3 = b_at + min(col + 3u, params.n - 1u) * params.b_col;
  var a_step = 0u;
  var b_step = 0u;

  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var p = 0u; p < params.k; p++) {
    let from_b = vec4f(f32(b[col0 + b_step]), f32(b[col1 + b_step]), f32(b[col2 + b_step]), f32(b[col3 + b_step]));
    sum0 += f32(a[row0 + a_step]) * from_b;
    sum1 += f32(a[row1 + a_step]) * from_b;
    sum2 += f32(a[row2 + a_step]) * from_b;
    sum3 += f32(a[row3 + a_step]) * from_b;
    a_step += params.a_col;
    b_step += params.b_row;
  }

  var sums = array<vec4f, 4>(sum0, sum1, sum2, sum3);
  let y_at = y_start(batch);
  for (var i = 0u; i < min(4u, params.m - row); i++) {
    finish(y_at, row + i, col, sums[i]);
  }
  sum_rows(batch, row, 4u, col);
}
