// Scores of a block of four rows, and what a lane loads for them. The including kernel declares q, k and mask.

//#include "lib/attention_subgroup.wgsl"
//#include "lib/attention_weights.wgsl"

fn load_own_q(at: vec4u) -> vec4f {
  var own = vec4f(f32(q[at.x]), 0.0, 0.0, 0.0);
  if (LANES < 16u && ROWS > 4u) {
    own.y = f32(q[at.y]);
  }
  if (LANES == 4u && ROWS > 4u) {
    own.z = f32(q[at.z]);
    own.w = f32(q[at.w]);
  }
  return own;
}

// An element of each of this lane's four keys.
fn load_keys(at: vec4u) -> vec4f {
  return vec4f(f32(k[at.x]), f32(k[at.y]), f32(k[at.z]), f32(k[at.w]));
}

// The inner products of ROWS queries and this lane's keys.
fn inner_products(own_q: vec4u, keys: vec4u) -> Tile {
  var products = Tile();
  for (var d = 0u; d < params.head_dim; d++) {
    products = plus_outer(products, load_own_q(own_q + d), load_keys(keys + d));
  }
  return products;
}

// Final scores of the queries from `row` to `row_end` with this lane's keys, which begin at `key`.
fn final_scores(products: Tile, plane: u32, row: u32, row_end: u32, key: u32) -> Tile {
  if (MASK == 0u) {
    return Tile(scores_of_four(products.a, row, key), scores_of_four(products.b, row + 4u, key), scores_of_four(products.c, row + 8u, key), scores_of_four(products.d, row + 12u, key));
  }
  var rows = rows_of(products);
  for (var query = row; query < row_end; query++) {
    rows[query - row] = scores_of(rows[query - row], key, visible_keys(query), mask_row(plane, query));
  }
  return tile_of(rows);
}

fn scores_of_four(products: mat4x4f, row: u32, key: u32) -> mat4x4f {
  return mat4x4f(
    scores_of(products[0], key, visible_keys(row), 0u),
    scores_of(products[1], key, visible_keys(row + 1u), 0u),
    scores_of(products[2], key, visible_keys(row + 2u), 0u),
    scores_of(products[3], key, visible_keys(row + 3u), 0u),
  );
}

fn weights_of_four(scores: mat4x4f, shift: vec4f) -> mat4x4f {
  return mat4x4f(weights_of(scores[0], shift.x), weights_of(scores[1], shift.y), weights_of(scores[2], shift.z), weights_of(scores[3], shift.w));
}

// What the dropout multiplies the weights of the queries from `row` to `row_end` by.
fn keep_tile(dropout: Dropout, plane: u32, row: u32, row_end: u32, key: u32) -> Tile {
  var rows = array<vec4f, 16>();
  for (var query = row; query < row_end; query++) {
    rows[query - row] = keep_scales(dropout, plane * params.queries + query, key / 4u);
  }
  return tile_of(rows);
}

// Element by element.
fn times(a: mat4x4f, b: mat4x4f) -> mat4x4f {
  return mat4x4f(a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]);
}

fn dropped(weights: Tile, keep: Tile) -> Tile {
  return Tile(times(weights.a, keep.a), times(weights.b, keep.b), times(weights.c, keep.c), times(weights.d, keep.d));
}
