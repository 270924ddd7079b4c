// o_i = sum_j keep_ij * w_ij * v_j with w_ij = exp(s_ij - l_i), s_ij = scale * q_i · k_j + mask_ij, l_i = log(sum_j exp(s_ij)).
//
// Shapes: q [heads, queries, head_dim], k [heads / group, keys, head_dim], v [heads / group, keys, value_dim],
//         o [heads, queries, value_dim], a batch of each, strided, f32 or f16; l [batch, heads, queries].
// Work:   SPLIT lanes a query, with their parts of its rows of q and o in registers; the workgroup reads keys and values
//         in tiles, two barriers each, four where rows are split. The softmax is online, four keys at a time: what was summed before fades when the
//         highest score rises. A row without a visible key gets o = 0 and l = 0.
// Memory: q and o once; k and v once a workgroup. Scores are never stored.
// Source: Dao et al., FlashAttention, arXiv 2205.14135; Milakov and Gimelshein, arXiv 1805.02867.

// In memory: half as wide for f16.
alias StoredQ = f32;
alias StoredK = f32;
alias StoredV = f32;
alias StoredO = f32;

@group(0) @binding(0) var<storage, read> q: array<StoredQ>;
@group(0) @binding(1) var<storage, read> k: array<StoredK>;
@group(0) @binding(2) var<storage, read> v: array<StoredV>;
@group(0) @binding(3) var<storage, read> mask: array<u32>;
@group(0) @binding(4) var<storage, read_write> o: array<StoredO>;
@group(0) @binding(5) var<storage, read_write> l: array<f32>;
@group(0) @binding(6) var<uniform> held_rate: f32;
@group(0) @binding(7) var<uniform> params: Params;

//#include "lib/attention_tiled.wgsl"

// Where rows are split, inner products of the block's rows with a tile's: first each lane's part, then, where the row's
// first lane was, the sum.
var<workgroup> products: array<f32, TILE * WORKGROUP>;

// Every lane sums for some rows of the tile.
fn join_products(rows: u32, lane: u32, part: u32) {
  workgroupBarrier();
  for (var t = part; t < rows; t += SPLIT) {
    let first = t * WORKGROUP + lane - part;
    var sum = 0.0;
    for (var at = first; at < first + SPLIT; at++) {
      sum += products[at];
    }
    products[first] = sum;
  }
  workgroupBarrier();
}

// The inner products of a row with four of the tile's.
fn four_products(row: ptr<function, array<vec4f, HEAD_PART>>, rows: vec4u, first_lane: u32) -> vec4f {
  if (SPLIT == 1u) {
    return vec4f(head_dot(row, rows.x, 0u), head_dot(row, rows.y, 0u), head_dot(row, rows.z, 0u), head_dot(row, rows.w, 0u));
  }
  let at = rows * WORKGROUP + first_lane;
  return vec4f(products[at.x], products[at.y], products[at.z], products[at.w]);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let blocks = (params.queries + BLOCK - 1u) / BLOCK;
  let block = workgroup.x + workgroup.y * workgroups.x;
  let plane = block / blocks;
  if (plane >= params.planes) {
    return;
  }
  let batch = plane / params.heads;
  let head = plane % params.heads;
  let block_start = block % blocks * BLOCK;
  let last_query = min(block_start + BLOCK, params.queries) - 1u;
  let part = lane % SPLIT;
  // Lanes past the last query repeat it and store nothing.
  let query = min(block_start + lane / SPLIT, last_query);
  let row = plane * params.queries + query;
  let mask_at = mask_row(plane, query);
  let end = visible_keys(query);
  let dropout = dropout_of(params.rate, held_rate);

  let q_at = params.q_offset + batch * params.q_batch + head * params.q_head + query * params.q_row;
  var q_row: array<vec4f, HEAD_PART>;
  for (var c = 0u; c < HEAD_PART; c++) {
    let d = 4u * (c * SPLIT + part);
    q_row[c] = load_q(q_at + d, left_of(params.head_dim, d));
  }
  var o_row: array<vec4f, VALUE_PART>;
  for (var c = 0u; c < VALUE_PART; c++) {
    o_row[c] = vec4f(0.0);
  }
  var highest = LOWEST;
  var sum = 0.0;

  let tiles_end = visible_keys(last_query);
  for (var start = 0u; start < tiles_end; start += TILE) {
    workgroupBarrier();
    fill_with_keys(batch, head / params.group, start, lane);
    workgroupBarrier();

    // No further than this row sees.
    let stop = max(start, min(start + TILE, end));
    if (SPLIT > 1u) {
      for (var key = start; key < stop; key++) {
        products[(key - start) * WORKGROUP + lane] = head_dot(&q_row, key - start, part);
      }
      join_products(stop - start, lane, part);
    }
    for (var key = start; key < stop; key += 4u) {
      let rows = four_rows(key - start);
      let scores = scores_of(four_products(&q_row, rows, lane - part), key, stop, mask_at);
      let risen = max(max(scores.x, scores.y), max(scores.z, scores.w));
      if (risen > highest) {
        // exp(LOWEST - risen) is 0 for the first keys.
        let fade = exp(highest - risen);
        highest = risen;
        sum *= fade;
        for (var c = 0u; c < VALUE_PART; c++) {
          o_row[c] *= fade;
        }
      }
      let weights = weights_of(scores, highest);
      sum += weights.x + weights.y + weights.z + weights.w;
      let kept = weights * keep_scales_from(dropout, row, key);
      let at = rows * VALUE_PACKS + part;
      for (var c = 0u; c < VALUE_PART; c++) {
        let i = c * SPLIT;
        o_row[c] += kept.x * value_tile[at.x + i] + kept.y * value_tile[at.y + i] + kept.z * value_tile[at.z + i] + kept.w * value_tile[at.w + i];
      }
    }
  }

  if (block_start + lane / SPLIT > last_query) {
    return;
  }
  let scale = select(1.0 / sum, 0.0, sum == 0.0);
  let o_at = params.o_offset + batch * params.o_batch + head * params.o_head + query * params.o_row;
  for (var c = 0u; c < VALUE_PART; c++) {
    let value = o_row[c] * scale;
    let d = 4u * (c * SPLIT + part);
    for (var i = 0u; i < min(left_of(params.value_dim, d), 4u); i++) {
      o[o_at + d + i] = StoredO(value[i]);
    }
  }
  if (part == 0u) {
    l[row] = select(highest + log(sum), 0.0, sum == 0.0);
  }
}
