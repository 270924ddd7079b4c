// y[i, j] = sum_p a[i, p] * b[p, j], for every batch, then lib/matmul_finish.wgsl: a tile of y, ROWS by 8, in the registers
// of each invocation; the tiles of a subgroup lie side by side and share what they load of a.
//
// Shapes: a [m, k] with any strides; b [k, n] with contiguous rows, b_row, b_inner, b_outer and b_offset multiples of 4;
//         y [m, n], f32 or f16. Any m and k; n is rounded up to the padding of b's rows.
// Work:   a workgroup is one subgroup of LANES and makes ROWS rows of 8 LANES columns. Each lane loads ROWS / LANES elements
//         of a (at least one) and hands them on by subgroupBroadcast: on software adapters a load costs three times as
//         much. No workgroup memory, no barriers. Rows and columns past the end are clamped, and only their stores left
//         out.
// Memory: a step of p loads ROWS / LANES scalars and 2 vec4s for 8 ROWS multiply-adds.

enable subgroups;

//#include "lib/matmul_params.wgsl"

// In memory: half as wide for f16.
alias StoredA = f32;
alias StoredB = vec4f;

@group(0) @binding(0) var<storage, read> a: array<StoredA>;
@group(0) @binding(1) var<storage, read> b: array<StoredB>;

//#include "lib/matmul_finish.wgsl"
//#include "lib/matmul_row_sums.wgsl"
//#include "lib/subgroup_tile.wgsl"

fn load_a(at: u32) -> f32 {
  return f32(a[at]);
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) position: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let tile_cols = (params.n + 8u * LANES - 1u) / (8u * LANES);
  let tile_rows = (params.m + ROWS - 1u) / ROWS;
  let tile = workgroup.x + workgroup.y * workgroups.x;
  let batch = tile / (tile_cols * tile_rows);
  if (batch >= params.batches) {
    return;
  }
  let row = tile / tile_cols % tile_rows * ROWS;
  let first_col = tile % tile_cols * 8u * LANES;
  let col = first_col + position * 8u;

  // Positions of this lane's rows of a at the current p, and of its columns of b.
  let rows = rows_of_lane(a_start(batch), row, lane, params.m - 1u, params.a_row);
  let b_step = params.b_row / 4u;
  let last_col = (params.n - 1u) / 4u;
  var left_at = b_start(batch) / 4u + min(col / 4u, last_col);
  let to_right = select(0u, 1u, col / 4u < last_col);
  var a_step = 0u;
  var row_sum = vec4f();
  for (var p = 0u; p < params.k; p++) {
    let from_a = load_rows(rows, a_step);
    row_sum += from_a;
    let left = vec4f(b[left_at]);
    let right = vec4f(b[left_at + to_right]);
    add_products(from_a, left, right);
    a_step += params.a_col;
    left_at += b_step;
  }

  var sums = tile_sums();
  let y_at = y_start(batch);
  // A loop, not 32 calls: the end is most of what a driver has to compile.
  for (var i = 0u; i < 2u * min(ROWS, params.m - row); i++) {
    finish(y_at, row + i / 2u, col + i % 2u * 4u, sums[i]);
  }
  if (params.sums_rows != 0u && first_col == 0u && lane < ROWS) {
    for (var i = 0u; i < max(1u, ROWS / LANES); i++) {
      if (row + lane + i * LANES < params.m) {
        store_row_sum(batch, row + lane + i * LANES, row_sum[i]);
      }
    }
  }
}
