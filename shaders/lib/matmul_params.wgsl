// What every matmul kernel is told: y[batch] = a[batch] · b[batch], operands read through strides in elements, and what
// lib/matmul_finish.wgsl makes of the sums. Swapped strides transpose an operand; a batch stride of 0 repeats it.

struct Params {
  m: u32,
  n: u32,
  k: u32,
  batches: u32,
  // Batches are batch_inner long rows of an outer axis.
  batch_inner: u32,
  // Elements from one row, and one column, to the next.
  a_row: u32,
  a_col: u32,
  b_row: u32,
  b_col: u32,
  a_outer: u32,
  a_inner: u32,
  b_outer: u32,
  b_inner: u32,
  a_offset: u32,
  b_offset: u32,
  y_offset: u32,
  // 1 where the sums of a's rows are wanted beside the product, 2 where they are added to what is there.
  sums_rows: u32,
  // Dropout's p, below 0 where held_rate holds it; and which words.
  rate: f32,
  stream: u32,
  draw: u32,
  seed: u32,
}

fn a_start(batch: u32) -> u32 {
  return params.a_offset + batch / params.batch_inner * params.a_outer + batch % params.batch_inner * params.a_inner;
}

fn b_start(batch: u32) -> u32 {
  return params.b_offset + batch / params.batch_inner * params.b_outer + batch % params.batch_inner * params.b_inner;
}

// y is always dense.
fn y_start(batch: u32) -> u32 {
  return params.y_offset + batch * params.m * params.n;
}
