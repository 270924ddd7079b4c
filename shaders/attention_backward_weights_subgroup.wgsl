// What the gradients of attention are sums with, from w_ij = exp(s_ij - l_i), s_ij = scale * q_i · k_j + mask_ij:
//   p_ij  = keep_ij * w_ij
//   ds_ij = scale * w_ij * (keep_ij * dout_i · v_j - dout_i · o_i)
//
// Shapes: q, k, v, o, l as in attention_forward_subgroup; dout as o; weights [2, planes, queries, cols]: p, then ds.
// Work:   a workgroup is one subgroup and owns ROWS queries of a head. Of 4 LANES keys at a time each lane computes four
//         columns. Whole tiles are written, with 0 for keys that a query does not see; tiles that no query of the
//         block sees are not. No workgroup memory, no barriers; the code does not depend on the sizes.
// Memory: q, o and dout once, k and v once a block of rows; 8 bytes a visible pair.
// Source: backward as FlashAttention-2, arXiv 2307.08691, but p and ds are stored for the three products with them.

// In memory: half as wide for f16.
alias StoredQ = f32;
alias StoredK = f32;
alias StoredV = f32;
alias StoredO = f32;
alias StoredDout = f32;

@group(0) @binding(0) var<storage, read> q: array<StoredQ>;
@group(0) @binding(1) var<storage, read> k: array<StoredK>;
@group(0) @binding(2) var<storage, read> v: array<StoredV>;
@group(0) @binding(3) var<storage, read> mask: array<u32>;
@group(0) @binding(4) var<storage, read> o: array<StoredO>;
@group(0) @binding(5) var<storage, read> l: array<f32>;
@group(0) @binding(6) var<storage, read> dout: array<StoredDout>;
@group(0) @binding(7) var<storage, read_write> weights: array<vec4f>;
@group(0) @binding(8) var<uniform> held_rate: f32;
@group(0) @binding(9) var<uniform> params: Params;

//#include "lib/attention_subgroup_scores.wgsl"

fn load_own_o(at: vec4u) -> vec4f {
  var own = vec4f(f32(o[at.x]), 0.0, 0.0, 0.0);
  if (LANES < 16u) {
    own.y = f32(o[at.y]);
  }
  if (LANES == 4u) {
    own.z = f32(o[at.z]);
    own.w = f32(o[at.w]);
  }
  return own;
}

fn load_own_dout(at: vec4u) -> vec4f {
  var own = vec4f(f32(dout[at.x]), 0.0, 0.0, 0.0);
  if (LANES < 16u) {
    own.y = f32(dout[at.y]);
  }
  if (LANES == 4u) {
    own.z = f32(dout[at.z]);
    own.w = f32(dout[at.w]);
  }
  return own;
}

fn load_values(at: vec4u) -> vec4f {
  return vec4f(f32(v[at.x]), f32(v[at.y]), f32(v[at.z]), f32(v[at.w]));
}

fn ds_of_four(w: mat4x4f, dp: mat4x4f, delta: vec4f) -> mat4x4f {
  return mat4x4f(ds_of(w[0], dp[0], delta.x), ds_of(w[1], dp[1], delta.y), ds_of(w[2], dp[2], delta.z), ds_of(w[3], dp[3], delta.w));
}

// 0 also where dp is not a number, if the query does not see the key.
fn ds_of(w: vec4f, dp: vec4f, delta: f32) -> vec4f {
  return select(params.scale * w * (dp - delta), vec4f(0.0), w == vec4f(0.0));
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let blocks = (params.queries + ROWS - 1u) / ROWS;
  let block = workgroup.x + workgroup.y * workgroups.x;
  let slot = block / blocks;
  if (slot >= params.planes) {
    return;
  }
  let plane = params.first_plane + slot;
  let batch = plane / params.heads;
  let head = plane % params.heads;
  let kv_head = head / params.group;
  let row = block % blocks * ROWS;
  let row_end = min(row + ROWS, params.queries);
  let dropout = dropout_of(params.rate, held_rate);
  let own = own_rows(row, lane, params.queries - 1u);
  let own_q = params.q_offset + batch * params.q_batch + head * params.q_head + own * params.q_row;
  let own_o = params.o_offset + batch * params.o_batch + head * params.o_head + own * params.o_row;
  let k_at = params.k_offset + batch * params.k_batch + kv_head * params.k_head;
  let v_at = params.v_offset + batch * params.v_batch + kv_head * params.v_head;

  let own_l = plane * params.queries + own;
  let l_rows = spread(vec4f(l[own_l.x], l[own_l.y], l[own_l.z], l[own_l.w]));
  var own_delta = vec4f(0.0);
  for (var d = 0u; d < params.value_dim; d++) {
    own_delta += load_own_o(own_o + d) * load_own_dout(own_o + d);
  }
  let delta = spread(own_delta);

  let row_packs = params.cols / 4u;
  let ds_at = params.planes * params.queries * row_packs;
  let end = visible_keys(row_end - 1u);
  for (var start = 0u; start < end; start += 4u * LANES) {
    let key = start + 4u * lane;
    let keys = min(key + vec4u(0u, 1u, 2u, 3u), vec4u(params.keys - 1u));
    let products = inner_products(own_q, k_at + keys * params.k_row);
    let values = v_at + keys * params.v_row;
    var dp = Tile();
    for (var d = 0u; d < params.value_dim; d++) {
      dp = plus_outer(dp, load_own_dout(own_o + d), load_values(values + d));
    }
    let scores = final_scores(products, plane, row, row_end, key);
    let w = Tile(weights_of_four(scores.a, l_rows.a), weights_of_four(scores.b, l_rows.b), weights_of_four(scores.c, l_rows.c), weights_of_four(scores.d, l_rows.d));
    var p = w;
    if (DROPOUT) {
      let keep = keep_tile(dropout, plane, row, row_end, key);
      p = dropped(w, keep);
      dp = dropped(dp, keep);
    }
    var p_rows = rows_of(p);
    var ds_rows = rows_of(Tile(ds_of_four(w.a, dp.a, delta.a), ds_of_four(w.b, dp.b, delta.b), ds_of_four(w.c, dp.c, delta.c), ds_of_four(w.d, dp.d, delta.d)));
    for (var query = row; query < row_end; query++) {
      let at = (slot * params.queries + query) * row_packs + key / 4u;
      weights[at] = p_rows[query - row];
      weights[ds_at + at] = ds_rows[query - row];
    }
  }
}
