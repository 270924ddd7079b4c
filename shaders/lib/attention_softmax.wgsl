// What the two softmax kernels of attention are told, and how they walk a row. A row of scratch is [cols], cols a
// multiple of 8.

struct Params {
  planes: u32,
  first_plane: u32,
  heads: u32,
  queries: u32,
  keys: u32,
  cols: u32,
  scale: f32,
  causal: u32,
  query_offset: u32,
  mask_batch: u32,
  mask_head: u32,
  mask_row: u32,
  mask_col: u32,
  // Of the dropout; below 0 where held_rate holds it.
  rate: f32,
  stream: u32,
  draw: u32,
  seed: u32,
}

//#include "lib/attention_weights.wgsl"

// Where the zeros behind a row must end, in packs: the products read rows as far as the widest row of an 8x8 tile.
fn padded_packs(end: u32) -> u32 {
  return min((end + 10u) / 4u, params.cols / 4u);
}
