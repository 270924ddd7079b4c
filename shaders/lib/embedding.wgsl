// What the embedding kernels share. Element is f32, or vec4f together with the function of embedding_fours.wgsl; width
// then counts fours. A workgroup takes ROWS rows, LANES neighbours one row at a time: dividing an index into row and
// column costs a software adapter more than the row.

//#include "lib/dropout.wgsl"

alias Element = f32;

struct Params {
  vocab: u32,
  block: u32,
  width: u32,
  count: u32,
  // Tokens of a sequence, the first at position `offset`.
  seq: u32,
  offset: u32,
  // Dropout; rate is below 0 where held_rate holds it.
  rate: f32,
  stream: u32,
  draw: u32,
  seed: u32,
}

override WORKGROUP: u32 = 64u;
// A power of two.
override LANES: u32 = 64u;
override ROWS: u32 = 16u;
override DROPOUT: bool = false;

// Element `at` of [count, width] after the dropout.
fn dropped(value: Element, at: u32, dropout: Dropout) -> Element {
  let words = dropout_words(at / 4u, params.stream, params.draw, params.seed);
  return select(0.0, value * dropout.keep_scale, words[at % 4u] >= dropout.threshold);
}
