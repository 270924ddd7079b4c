// The end of every matmul kernel: what becomes of a sum, and where it is stored.
//
//   x = sum + bias[col]
//   z = f(x), or x; going back vjp(x, beside)
//   y = z with dropout + beside + y as it was
//
// with the parts whose bits are set in FINISH. `beside` is the residual, or going back what the activation saved.
// `kept` gets x or f(x), whichever the activation's vjp reads.
// The including kernel declares a and b, and has the Params of lib/matmul_params.wgsl.

//#include "lib/dropout.wgsl"

// What bias, beside, y and kept are made of: vec4f together with the functions of lib/matmul_finish_vec4.wgsl, where n
// is a multiple of 4. In memory each is half as wide for f16.
alias Output = f32;
alias StoredBias = Output;
alias StoredBeside = Output;
alias StoredY = Output;
alias StoredKept = Output;
alias StoredRowSums = f32;

@group(0) @binding(2) var<storage, read> bias: array<StoredBias>;
@group(0) @binding(3) var<storage, read> beside: array<StoredBeside>;
@group(0) @binding(4) var<storage, read_write> y: array<StoredY>;
@group(0) @binding(5) var<storage, read_write> kept: array<StoredKept>;
@group(0) @binding(6) var<storage, read_write> row_sums: array<StoredRowSums>;
@group(0) @binding(7) var<uniform> held_rate: f32;
@group(0) @binding(8) var<uniform> params: Params;

override FINISH: u32 = 0u;

const BIAS: u32 = 1u;
const ACTIVATION: u32 = 2u;
const ACTIVATION_BACKWARD: u32 = 4u;
const KEEPS_INPUT: u32 = 8u;
const KEEPS_OUTPUT: u32 = 16u;
const DROPOUT: u32 = 32u;
const RESIDUAL: u32 = 64u;
const ACCUMULATE: u32 = 128u;

fn finishes_with(part: u32) -> bool {
  return (FINISH & part) != 0u;
}

// The activation: a file of scalar/ replaces both.
fn f(x: f32) -> f32 {
  return x;
}

fn vjp(dy: f32, s: f32) -> f32 {
  return dy;
}

// Four neighbouring sums of a row; those past an edge of y are left out.
fn finish(batch_at: u32, row: u32, col: u32, sums: vec4f) {
  if (row >= params.m) {
    return;
  }
  for (var i = 0u; i < 4u && col + i < params.n; i++) {
    finish_at(batch_at + row * params.n + col + i, col + i, sums[i]);
  }
}

fn finish_at(at: u32, col: u32, sum: f32) {
  var value = sum;
  if (finishes_with(BIAS)) {
    value += f32(bias[col]);
  }
  if (finishes_with(KEEPS_INPUT)) {
    kept[at] = StoredKept(value);
  }
  if (finishes_with(ACTIVATION)) {
    value = f(value);
  }
  if (finishes_with(KEEPS_OUTPUT)) {
    kept[at] = StoredKept(value);
  }
  if (finishes_with(ACTIVATION_BACKWARD)) {
    value = vjp(value, f32(beside[at]));
  }
  if (finishes_with(DROPOUT)) {
    let dropout = dropout_of(params.rate, held_rate);
    let words = dropout_words(at / 4u, params.stream, params.draw, params.seed);
    value = select(0.0, value * dropout.keep_scale, words[at % 4u] >= dropout.threshold);
  }
  if (finishes_with(RESIDUAL)) {
    value += f32(beside[at]);
  }
  if (finishes_with(ACCUMULATE)) {
    value += f32(y[at]);
  }
  y[at] = StoredY(value);
}
