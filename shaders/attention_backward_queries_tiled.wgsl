// dq_i = sum_j ds_ij * k_j with ds_ij = scale * w_ij * (keep_ij * dout_i · v_j - dout_i · o_i), w_ij = exp(s_ij - l_i).
//
// Shapes: as in attention_forward_tiled; dout as o, dq as q.
// Work:   one invocation a query, with its rows of q, dout and dq in registers; the workgroup reads keys and values in
//         tiles. Every sum has one owner, so no atomics: the result repeats bit for bit.
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
@group(0) @binding(5) var<storage, read> l: array<f32>;
@group(0) @binding(6) var<storage, read> dout: array<StoredDout>;
@group(0) @binding(7) var<storage, read_write> dq: array<StoredDq>;
@group(0) @binding(8) var<uniform> held_rate: f32;
@group(0) @binding(9) var<uniform> params: Params;

//#include "lib/attention_tiled.wgsl"
//#include "lib/attention_output_gradient.wgsl"

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let blocks = (params.queries + WORKGROUP - 1u) / WORKGROUP;
  let block = workgroup.x + workgroup.y * workgroups.x;
  let plane = block / blocks;
  if (plane >= params.planes) {
    return;
  }
  let batch = plane / params.heads;
  let head = plane % params.heads;
  let block_start = block % blocks * WORKGROUP;
  let last_query = min(block_start + WORKGROUP, params.queries) - 1u;
  // Lanes past the last query repeat it and store nothing.
  let query = min(block_start + lane, last_query);
  let row = plane * params.queries + query;
  let mask_at = mask_row(plane, query);
  let end = visible_keys(query);
  let dropout = dropout_of(params.rate, held_rate);

  let row_start = batch * params.q_batch + head * params.q_head + query * params.q_row;
  var q_row: array<vec4f, HEAD_PACKS>;
  var dq_row: array<vec4f, HEAD_PACKS>;
  for (var c = 0u; c < HEAD_PACKS; c++) {
    q_row[c] = load_q(params.q_offset + row_start + 4u * c, params.head_dim - 4u * c);
    dq_row[c] = vec4f(0.0);
  }
  let o_at = o_start(batch, head, query);
  var dout_row: array<vec4f, VALUE_PACKS>;
  var delta = 0.0;
  for (var c = 0u; c < VALUE_PACKS; c++) {
    let left = params.value_dim - 4u * c;
    dout_row[c] = load_dout(o_at + 4u * c, left);
    delta += dot(dout_row[c], load_o(o_at + 4u * c, left));
  }
  let l_row = l[row];

  let tiles_end = visible_keys(last_query);
  for (var start = 0u; start < tiles_end; start += TILE) {
    workgroupBarrier();
    fill_with_keys(batch, head / params.group, start, lane);
    workgroupBarrier();

    let count = min(TILE, max(end, start) - start);
    for (var t = 0u; t < count; t++) {
      let weight = weight_of(score_of(head_dot(&q_row, t), start + t, mask_at), l_row);
      let dp = value_dot(&dout_row, t) * keep_scale_of(dropout, row, start + t);
      let ds = params.scale * weight * (dp - delta);
      for (var c = 0u; c < HEAD_PACKS; c++) {
        dq_row[c] += ds * head_tile[t * HEAD_PACKS + c];
      }
    }
  }

  if (block_start + lane > last_query) {
    return;
  }
  for (var c = 0u; c < HEAD_PACKS; c++) {
    for (var i = 0u; i < min(params.head_dim - 4u * c, 4u); i++) {
      dq[params.dq_offset + row_start + 4u * c + i] = StoredDq(dq_row[c][i]);
    }
  }
}
