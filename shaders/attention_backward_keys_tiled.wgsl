// dk_j = sum_i ds_ij * q_i and dv_j = sum_i keep_ij * w_ij * dout_i, over the queries i of all heads that share key j;
// w, ds and delta as in attention_backward_queries_tiled, which has left delta behind l.
//
// Shapes: as there; dk as k and dv as v, both in dkv.
// Work:   SPLIT lanes a key, with their parts of its rows of k, v, dk and dv in registers; the workgroup reads rows of q
//         and dout in tiles, two barriers each, four where rows are split. Every sum has one owner: no atomics.
// Memory: k, v, dk and dv once; q and dout once a workgroup.
// Source: Dao, FlashAttention-2, arXiv 2307.08691, its one loop split into two kernels.

// In memory: half as wide for f16.
alias StoredQ = f32;
alias StoredK = f32;
alias StoredV = f32;
alias StoredDout = f32;
alias StoredDkv = f32;

@group(0) @binding(0) var<storage, read> q: array<StoredQ>;
@group(0) @binding(1) var<storage, read> k: array<StoredK>;
@group(0) @binding(2) var<storage, read> v: array<StoredV>;
@group(0) @binding(3) var<storage, read> mask: array<u32>;
@group(0) @binding(4) var<storage, read> l: array<f32>;
@group(0) @binding(5) var<storage, read> dout: array<StoredDout>;
@group(0) @binding(6) var<storage, read_write> dkv: array<StoredDkv>;
@group(0) @binding(7) var<uniform> held_rate: f32;
@group(0) @binding(8) var<uniform> params: Params;

//#include "lib/attention_tiled_gradient.wgsl"

// Of the queries in the tile: delta, and l.
var<workgroup> row_tile: array<vec2f, TILE>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let blocks = (params.keys + BLOCK - 1u) / BLOCK;
  let block = workgroup.x + workgroup.y * workgroups.x;
  // A head of keys and values in one batch.
  let kv_plane = block / blocks;
  let first_plane = kv_plane * params.group;
  if (first_plane >= params.planes) {
    return;
  }
  let batch = first_plane / params.heads;
  let kv_head = first_plane % params.heads / params.group;
  let block_start = block % blocks * BLOCK;
  let part = lane % SPLIT;
  // Lanes past the last key repeat it and store nothing.
  let key = min(block_start + lane / SPLIT, params.keys - 1u);
  let dropout = dropout_of(params.rate, held_rate);

  let k_start = batch * params.k_batch + kv_head * params.k_head + key * params.k_row;
  let v_start = batch * params.v_batch + kv_head * params.v_head + key * params.v_row;
  var k_row: array<vec4f, HEAD_PART>;
  var dk_row: array<vec4f, HEAD_PART>;
  for (var c = 0u; c < HEAD_PART; c++) {
    let d = 4u * (c * SPLIT + part);
    k_row[c] = load_k(params.k_offset + k_start + d, left_of(params.head_dim, d));
    dk_row[c] = vec4f(0.0);
  }
  var v_row: array<vec4f, VALUE_PART>;
  var dv_row: array<vec4f, VALUE_PART>;
  for (var c = 0u; c < VALUE_PART; c++) {
    let d = 4u * (c * SPLIT + part);
    v_row[c] = load_v(params.v_offset + v_start + d, left_of(params.value_dim, d));
    dv_row[c] = vec4f(0.0);
  }

  for (var member = 0u; member < params.group; member++) {
    let plane = first_plane + member;
    let head = plane % params.heads;
    for (var start = first_query(block_start); start < params.queries; start += TILE) {
      workgroupBarrier();
      fill_with_queries(plane, batch, head, start, lane);
      workgroupBarrier();

      let stop = min(start + TILE, params.queries);
      if (SPLIT > 1u) {
        for (var query = start; query < stop; query++) {
          products[(query - start) * WORKGROUP + lane] = part_of_products(&k_row, &v_row, query - start, part);
        }
        join_products(stop - start, lane, part);
      }
      for (var query = start; query < stop; query++) {
        let t = query - start;
        let both = products_of(&k_row, &v_row, t, lane - part);
        let weight = weight_of(score_before(both.x, key, visible_keys(query), mask_row(plane, query)), row_tile[t].y);
        let keep = keep_scale_of(dropout, plane * params.queries + query, key);
        // 0 also where the product is not a number, if the query does not see the key.
        let ds = select(params.scale * weight * (both.y * keep - row_tile[t].x), 0.0, weight == 0.0);
        for (var c = 0u; c < HEAD_PART; c++) {
          dk_row[c] += ds * head_tile[t * HEAD_PACKS + c * SPLIT + part];
        }
        for (var c = 0u; c < VALUE_PART; c++) {
          dv_row[c] += weight * keep * value_tile[t * VALUE_PACKS + c * SPLIT + part];
        }
      }
    }
  }

  if (block_start + lane / SPLIT >= params.keys) {
    return;
  }
  for (var c = 0u; c < HEAD_PART; c++) {
    let d = 4u * (c * SPLIT + part);
    for (var i = 0u; i < min(left_of(params.head_dim, d), 4u); i++) {
      dkv[params.dk_offset + k_start + d + i] = StoredDkv(dk_row[c][i]);
    }
  }
  for (var c = 0u; c < VALUE_PART; c++) {
    let d = 4u * (c * SPLIT + part);
    for (var i = 0u; i < min(left_of(params.value_dim, d), 4u); i++) {
      dkv[params.dv_offset + v_start + d + i] = StoredDkv(dv_row[c][i]);
    }
  }
}

// Fills the tiles with rows of q and dout from `start` on; past the end the last one repeats, and is not used.
fn fill_with_queries(plane: u32, batch: u32, head: u32, start: u32, lane: u32) {
  let last = params.queries - 1u;
  let q_at = params.q_offset + batch * params.q_batch + head * params.q_head;
  for (var i = lane; i < TILE * HEAD_PACKS; i += WORKGROUP) {
    let c = i % HEAD_PACKS * 4u;
    head_tile[i] = load_q(q_at + min(start + i / HEAD_PACKS, last) * params.q_row + c, left_of(params.head_dim, c));
  }
  for (var i = lane; i < TILE * VALUE_PACKS; i += WORKGROUP) {
    let c = i % VALUE_PACKS * 4u;
    value_tile[i] = load_dout(o_start(batch, head, min(start + i / VALUE_PACKS, last)) + c, left_of(params.value_dim, c));
  }
  if (lane < TILE) {
    let row = plane * params.queries + min(start + lane, last);
    row_tile[lane] = vec2f(l[params.planes * params.queries + row], l[row]);
  }
}
