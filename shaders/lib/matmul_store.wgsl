// The ends of a matmul kernel: sums start from the bias, and what lies inside y is stored.
// The including kernel declares `bias`, `y` and the Params of lib/matmul_params.wgsl.

// The bias of four neighbouring columns; clamped past the end.
fn bias_at(col: u32) -> vec4f {
  if (params.has_bias == 0u) {
    return vec4f();
  }
  let last = params.n - 1u;
  return vec4f(bias[min(col, last)], bias[min(col + 1u, last)], bias[min(col + 2u, last)], bias[min(col + 3u, last)]);
}

// What y is made of: vec4f together with the `store` of lib/matmul_store_vec4.wgsl, where n is a multiple of 4.
alias Output = f32;

// Four neighbouring elements of a row.
fn store(batch_at: u32, row: u32, col: u32, value: vec4f) {
  if (row >= params.m) {
    return;
  }
  let at = batch_at + row * params.n + col;
  for (var i = 0u; i < 4u && col + i < params.n; i++) {
    y[at + i] = value[i];
  }
}
