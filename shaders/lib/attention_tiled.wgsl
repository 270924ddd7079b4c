// What the tiled kernels of attention share: Params, rows in registers, tiles in workgroup memory.
//
// A workgroup owns a block of rows. SPLIT neighbouring lanes share a row: of its vec4s each holds every SPLIT-th in
// registers, and its part of an inner product meets the others' in workgroup memory. Rows of the other side come in
// tiles that the whole workgroup reads.
//
// Strided operands are told by elements from one batch, head and row to the next; a gradient has the strides of what it
// is the gradient of. The including kernel declares the bindings q, k, v, mask and held_rate.

struct Params {
  planes: u32,
  heads: u32,
  // Heads of queries that share a head of keys and values.
  group: u32,
  queries: u32,
  keys: u32,
  head_dim: u32,
  value_dim: u32,
  scale: f32,
  // 1: query i sees key j when j <= i + query_offset.
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
  q_offset: u32,
  q_batch: u32,
  q_head: u32,
  q_row: u32,
  k_offset: u32,
  k_batch: u32,
  k_head: u32,
  k_row: u32,
  v_offset: u32,
  v_batch: u32,
  v_head: u32,
  v_row: u32,
  o_offset: u32,
  o_batch: u32,
  o_head: u32,
  o_row: u32,
  dq_offset: u32,
  dk_offset: u32,
  dv_offset: u32,
}

//#include "lib/attention_weights.wgsl"

const WORKGROUP: u32 = 64u;
// Lanes that share a row: as many as it takes to hold rows in registers.
const SPLIT: u32 = 1u;
// Rows in a tile; vec4s in a row of q and k, and in a row of v and o, both multiples of SPLIT.
const TILE: u32 = 16u;
const HEAD_PACKS: u32 = 8u;
const VALUE_PACKS: u32 = 8u;
const BLOCK: u32 = WORKGROUP / SPLIT;
const HEAD_PART: u32 = HEAD_PACKS / SPLIT;
const VALUE_PART: u32 = VALUE_PACKS / SPLIT;

// A tile of k and v, or of q and dout.
var<workgroup> head_tile: array<vec4f, TILE * HEAD_PACKS>;
var<workgroup> value_tile: array<vec4f, TILE * VALUE_PACKS>;

// This lane's part of the inner product of its row with row t of a tile.
fn head_dot(row: ptr<function, array<vec4f, HEAD_PART>>, t: u32, part: u32) -> f32 {
  var products = vec4f(0.0);
  for (var c = 0u; c < HEAD_PART; c++) {
    products += (*row)[c] * head_tile[t * HEAD_PACKS + c * SPLIT + part];
  }
  return products.x + products.y + products.z + products.w;
}

fn value_dot(row: ptr<function, array<vec4f, VALUE_PART>>, t: u32, part: u32) -> f32 {
  var products = vec4f(0.0);
  for (var c = 0u; c < VALUE_PART; c++) {
    products += (*row)[c] * value_tile[t * VALUE_PACKS + c * SPLIT + part];
  }
  return products.x + products.y + products.z + products.w;
}

// Rows t to t + 3 of a tile. It may have fewer: then the last repeats, and gets no weight.
fn four_rows(t: u32) -> vec4u {
  return min(t + vec4u(0u, 1u, 2u, 3u), vec4u(TILE - 1u));
}

// What the dropout multiplies the weights of four neighbouring keys by.
fn keep_scales_from(dropout: Dropout, row: u32, key: u32) -> vec4f {
  if (TILE >= 4u) {
    return keep_scales(dropout, row, key / 4u);
  }
  return vec4f(keep_scale_of(dropout, row, key), keep_scale_of(dropout, row, key + 1u), keep_scale_of(dropout, row, key + 2u), keep_scale_of(dropout, row, key + 3u));
}

// Fills the tiles with keys and values from `start` on; past the end the last one repeats, and gets no weight.
fn fill_with_keys(batch: u32, kv_head: u32, start: u32, lane: u32) {
  let k_at = params.k_offset + batch * params.k_batch + kv_head * params.k_head;
  for (var i = lane; i < TILE * HEAD_PACKS; i += WORKGROUP) {
    let c = i % HEAD_PACKS * 4u;
    head_tile[i] = load_k(k_at + min(start + i / HEAD_PACKS, params.keys - 1u) * params.k_row + c, left_of(params.head_dim, c));
  }
  let v_at = params.v_offset + batch * params.v_batch + kv_head * params.v_head;
  for (var i = lane; i < TILE * VALUE_PACKS; i += WORKGROUP) {
    let c = i % VALUE_PACKS * 4u;
    value_tile[i] = load_v(v_at + min(start + i / VALUE_PACKS, params.keys - 1u) * params.v_row + c, left_of(params.value_dim, c));
  }
}

// How many elements of a row are left from the c-th on.
fn left_of(dim: u32, c: u32) -> u32 {
  return max(dim, c) - c;
}

// The first `left` of four elements; the others are 0.
fn padded(value: vec4f, left: u32) -> vec4f {
  return select(vec4f(0.0), value, vec4u(0u, 1u, 2u, 3u) < vec4u(left));
}

fn load_q(at: u32, left: u32) -> vec4f {
  return padded(vec4f(f32(q[at]), f32(q[at + 1u]), f32(q[at + 2u]), f32(q[at + 3u])), left);
}

fn load_k(at: u32, left: u32) -> vec4f {
  return padded(vec4f(f32(k[at]), f32(k[at + 1u]), f32(k[at + 2u]), f32(k[at + 3u])), left);
}

fn load_v(at: u32, left: u32) -> vec4f {
  return padded(vec4f(f32(v[at]), f32(v[at + 1u]), f32(v[at + 2u]), f32(v[at + 3u])), left);
}
