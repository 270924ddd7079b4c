// Sums of a's rows beside the product: in a TN product they are the column sums of what a stores, a bias's gradient.
// The including kernel declares `a` as scalars, and includes lib/matmul_params.wgsl and lib/matmul_finish.wgsl.

// row_sums[row] = sum_p a[row, p] for `count` rows, by the invocations whose tile is the first of its row of tiles.
fn sum_rows(batch: u32, first_row: u32, count: u32, col: u32) {
  if (params.sums_rows == 0u || col != 0u) {
    return;
  }
  let a_at = a_start(batch);
  for (var row = first_row; row < min(first_row + count, params.m); row++) {
    var sum = 0.0;
    for (var p = 0u; p < params.k; p++) {
      sum += f32(a[a_at + row * params.a_row + p * params.a_col]);
    }
    store_row_sum(batch, row, sum);
  }
}

fn store_row_sum(batch: u32, row: u32, sum: f32) {
  let at = batch * params.m + row;
  row_sums[at] = StoredRowSums(sum + select(0.0, f32(row_sums[at]), params.sums_rows == 2u));
}
