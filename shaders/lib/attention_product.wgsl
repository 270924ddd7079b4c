// What the matrix products of attention share: their Params, and which pairs of query and key count.
//
// A plane is one query head of one batch. Its scores lie in scratch as [queries, cols] with cols a multiple of 8. The
// scratch holds `planes` planes from `first_plane` on. Strided operands are told by elements from one batch, head
// and row to the next; heads of keys and values serve `group` heads of queries each.

struct Params {
  planes: u32,
  first_plane: u32,
  heads: u32,
  group: u32,
  queries: u32,
  keys: u32,
  cols: u32,
  // Length of a row of the strided operands.
  dim: u32,
  // 1: query i sees key j when j <= i + query_offset.
  causal: u32,
  query_offset: u32,
  a_offset: u32,
  a_batch: u32,
  a_head: u32,
  a_row: u32,
  b_offset: u32,
  b_batch: u32,
  b_head: u32,
  b_row: u32,
  y_offset: u32,
  y_batch: u32,
  y_head: u32,
  y_row: u32,
}

//#include "lib/attention_causal.wgsl"
