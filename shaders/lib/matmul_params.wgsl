// What every matmul kernel is told: y[batch] = a[batch] · b[batch] + bias, operands read through strides in elements.
// Swapped strides transpose an operand; a batch stride of 0 repeats it.

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
  has_bias: u32,
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
