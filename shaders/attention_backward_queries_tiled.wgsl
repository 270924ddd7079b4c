// dq_i = sum_j ds_ij * k_j with ds_ij = scale * w_ij * (keep_ij * dout_i · v_j - delta_i), w_ij = exp(s_ij - l_i),
// delta_i = dout_i · o_i.
//
// Shapes: as in attention_forward_tiled; dout as o, dq as q; l [2, batch, heads, queries]: l, then delta, written here.
// Work:   SPLIT lanes a query, with their parts of its rows of q, dout and dq in registers; the workgroup reads keys and
//         values in tiles, two barriers each, four where rows are split. Every sum has one owner, so no atomics: the
//         result repeats bit for bit.
// Memory: q, o, dout and dq once; k and v once a workgroup. Scores are computed again, never stored.
// Source: Dao, FlashAttention-2, arXiv 2307.08691, its one loop split into two kernels.

// In memory: half as wide for f16.
alias StoredQ = f32;
alias StoredK = f32;
alias StoredV = f32;
alias StoredO = f32;
alias StoredDout = f32;
alias StoredDq = f32;

@group(0) @binding(0) var<storage, read> q: array<StoredQ>;
@group(0) @binding(1) var<storage, read> k: array<StoredK>;
@group(0) @binding(2) var<storage, read> v: array<StoredV>;
@group(0) @binding(3) var<storage, read> mask: array<u32>;
@group(0) @binding(4) var<storage, read> o: array<StoredO>;
@group(0) @binding(5) var<storage, read> dout: array<StoredDout>;
@group(0) @binding(6) var<storage, read_write> l: array<f32>;
@group(0) @binding(7) var<storage, read_write> dq: array<StoredDq>;
@group(0) @binding(8) var<uniform> held_rate: f32;
@group(0) @binding(9) var<uniform> params: Params;

//#include "lib/attention_tiled_gradient.wgsl"

fn load_o(at: u32, left: u32) -> vec4f {
  return padded(vec4f(f32(o[at]), f32(o[at + 1u]), f32(o[at + 2u]), f32(o[at + 3u])), left);
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
  let is_own = block_start + lane / SPLIT <= last_query;
  let row = plane * params.queries + query;
  let mask_at = mask_row(plane, query);
  let end = visible_keys(query);
  let dropout = dropout_of(params.rate, held_rate);

  let row_start = batch * params.q_batch + head * params.q_head + query * params.q_row;
  var q_row: array<vec4f, HEAD_PART>;
  var dq_row: array<vec4f, HEAD_PART>;
  for (var c = 0u; c < HEAD_PART; c++) {
    let d = 4u * (c * SPLIT + part);
    q_row[c] = load_q(params.q_offset + row_start + d, left_of(params.head_dim, d));
    dq_row[c] = vec4f(0.0);
  }
  let o_at = o_start(batch, head, query);
  var dout_row: array<vec4f, VALUE_PART>;
  var part_of_delta = 0.0;
  for (var c = 0u; c < VALUE_PART; c++) {
    let d = 4u * (c * SPLIT + part);
    let left = left_of(params.value_dim, d);
    dout_row[c] = load_dout(o_at + d, left);
    part_of_delta += dot(dout_row[c], load_o(o_at + d, left));
  }
  var delta = part_of_delta;
  if (SPLIT > 1u) {
    products[lane] = vec2f(part_of_delta, 0.0);
    join_products(1u, lane, part);
    delta = products[lane - part].x;
  }
  if (is_own && part == 0u) {
    l[params.planes * params.queries + row] = delta;
  }
  let l_row = l[row];

  let tiles_end = visible_keys(last_query);
  for (var start = 0u; start < tiles_end; start += TILE) {
    workgroupBarrier();
    fill_with_keys(batch, head / params.group, start, lane);
    workgroupBarrier();

    // No further than this row sees.
    let stop = max(start, min(start + TILE, end));
    if (SPLIT > 1u) {
      for (var key = start; key < stop; key++) {
        products[(key - start) * WORKGROUP + lane] = part_of_products(&q_row, &dout_row, key - start, part);
      }
      join_products(stop - start, lane, part);
    }
    for (var key = start; key < stop; key += 4u) {
      let rows = four_rows(key - start);
      let x = products_of(&q_row, &dout_row, rows.x, lane - part);
      let y = products_of(&q_row, &dout_row, rows.y, lane - part);
      let z = products_of(&q_row, &dout_row, rows.z, lane - part);
      let w = products_of(&q_row, &dout_row, rows.w, lane - part);
      let weights = weights_of(scores_of(vec4f(x[0], y[0], z[0], w[0]), key, stop, mask_at), l_row);
      let dp = vec4f(x[1], y[1], z[1], w[1]) * keep_scales_from(dropout, row, key);
      // 0 also where dp is not a number, if the query does not see the key.
      let ds = select(params.scale * weights * (dp - delta), vec4f(0.0), weights == vec4f(0.0));
      let at = rows * HEAD_PACKS + part;
      for (var c = 0u; c < HEAD_PART; c++) {
        let i = c * SPLIT;
        dq_row[c] += ds.x * head_tile[at.x + i] + ds.y * head_tile[at.y + i] + ds.z * head_tile[at.z + i] + ds.w * head_tile[at.w + i];
      }
    }
  }

  if (!is_own) {
    return;
  }
  for (var c = 0u; c < HEAD_PART; c++) {
    let d = 4u * (c * SPLIT + part);
    for (var i = 0u; i < min(left_of(params.head_dim, d), 4u); i++) {
      dq[params.dq_offset + row_start + d + i] = StoredDq(dq_row[c][i]);
    }
  }
}
