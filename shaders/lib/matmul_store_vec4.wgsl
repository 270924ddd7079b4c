// Replaces the `store` of lib/matmul_store.wgsl where n is a multiple of 4 and Output is vec4f: one store, not four.

fn store(batch_at: u32, row: u32, col: u32, value: vec4f) {
  if (row < params.m && col < params.n) {
    y[(batch_at + row * params.n + col) / 4u] = value;
  }
}
