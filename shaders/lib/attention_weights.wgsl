// How a score becomes a weight, whichever kernel does it: scale, causal limit, mask, dropout. The including kernel
// declares `mask: array<u32>`, `held_rate: f32`, and Params with at least the fields used here.
//
// A score at or below LOWEST is masked: its weight is exactly 0, also where all of a row is.

//#include "lib/attention_causal.wgsl"
//#include "lib/dropout.wgsl"
//#include "lib/numerics.wgsl"

// 0: no mask; 1: u32, 1 where the query may attend; 2: f32, added to the score.
override MASK: u32 = 0u;
override DROPOUT: bool = false;

// Where a row of the mask begins.
fn mask_row(plane: u32, query: u32) -> u32 {
  return plane / params.heads * params.mask_batch + plane % params.heads * params.mask_head + query * params.mask_row;
}

// The final score of query and key from their inner product. `mask_at` is the row's start in the mask.
fn score_of(product: f32, key: u32, mask_at: u32) -> f32 {
  let scaled = product * params.scale;
  if (MASK == 1u) {
    return select(LOWEST, scaled, mask[mask_at + key * params.mask_col] != 0u);
  }
  if (MASK == 2u) {
    let sum = scaled + bitcast<f32>(mask[mask_at + key * params.mask_col]);
    return select(sum, LOWEST, sum < LOWEST);
  }
  return scaled;
}

// exp(score - shift), and exactly 0 for a masked score.
fn weight_of(score: f32, shift: f32) -> f32 {
  return select(exp(score - shift), 0.0, score <= LOWEST);
}

// The words that decide over keys 4 pack to 4 pack + 3 of one query. `row` counts queries over all planes.
fn words_of(row: u32, pack: u32) -> vec4u {
  return dropout_words(row * ((params.keys + 3u) / 4u) + pack, params.stream, params.draw, params.seed);
}

// What the dropout multiplies one weight by: 0 or 1 / (1 - p).
fn keep_scale_of(dropout: Dropout, row: u32, key: u32) -> f32 {
  if (!DROPOUT) {
    return 1.0;
  }
  return select(0.0, dropout.keep_scale, words_of(row, key / 4u)[key % 4u] >= dropout.threshold);
}

// The same for a key that the query may not see.
fn score_before(product: f32, key: u32, end: u32, mask_at: u32) -> f32 {
  if (key >= end) {
    return LOWEST;
  }
  return score_of(product, key, mask_at);
}

// The same for four neighbouring keys. Without branches: software adapters pay for each.
fn scores_of(products: vec4f, key: u32, end: u32, mask_at: u32) -> vec4f {
  let keys = key + vec4u(0u, 1u, 2u, 3u);
  var scores = products * params.scale;
  if (MASK != 0u) {
    let at = mask_at + min(keys, vec4u(end - 1u)) * params.mask_col;
    let bits = vec4u(mask[at.x], mask[at.y], mask[at.z], mask[at.w]);
    if (MASK == 1u) {
      scores = select(vec4f(LOWEST), scores, bits != vec4u(0u));
    } else {
      let sums = scores + bitcast<vec4f>(bits);
      scores = select(sums, vec4f(LOWEST), sums < vec4f(LOWEST));
    }
  }
  return select(vec4f(LOWEST), scores, keys < vec4u(end));
}

fn weights_of(scores: vec4f, shift: f32) -> vec4f {
  return select(exp(scores - shift), vec4f(0.0), scores <= vec4f(LOWEST));
}

// What the dropout multiplies the weights of keys 4 pack to 4 pack + 3 by.
fn keep_scales(dropout: Dropout, row: u32, pack: u32) -> vec4f {
  if (!DROPOUT) {
    return vec4f(1.0);
  }
  return select(vec4f(0.0), vec4f(dropout.keep_scale), words_of(row, pack) >= vec4u(dropout.threshold));
}
