// Replaces the ends of lib/matmul_finish.wgsl where n is a multiple of 4 and Output is a vec4: four columns at once.

fn finish(batch_at: u32, row: u32, col: u32, sums: vec4f) {
  if (row >= params.m || col >= params.n) {
    return;
  }
  finish_at((batch_at + row * params.n + col) / 4u, col / 4u, sums);
}

fn finish_at(at: u32, col: u32, sums: vec4f) {
  var value = sums;
  if (finishes_with(BIAS)) {
    value += vec4f(bias[col]);
  }
  if (finishes_with(KEEPS_INPUT)) {
    kept[at] = StoredKept(value);
  }
  if (finishes_with(ACTIVATION)) {
    value = vec4f(f(value.x), f(value.y), f(value.z), f(value.w));
  }
  if (finishes_with(KEEPS_OUTPUT)) {
    kept[at] = StoredKept(value);
  }
  if (finishes_with(ACTIVATION_BACKWARD)) {
    let s = vec4f(beside[at]);
    value = vec4f(vjp(value.x, s.x), vjp(value.y, s.y), vjp(value.z, s.z), vjp(value.w, s.w));
  }
  if (finishes_with(DROPOUT)) {
    let dropout = dropout_of(params.rate, held_rate);
    let words = dropout_words(at, params.stream, params.draw, params.seed);
    value = select(vec4f(), value * dropout.keep_scale, words >= vec4u(dropout.threshold));
  }
  if (finishes_with(RESIDUAL)) {
    value += vec4f(beside[at]);
  }
  if (finishes_with(ACCUMULATE)) {
    value += vec4f(y[at]);
  }
  y[at] = StoredY(value);
}
