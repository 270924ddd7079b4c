// From the products s = q · kᵀ and dp = do · vᵀ, in place, with w_ij = exp(scale * s_ij + mask_ij - l_i):
//   p_ij  = keep_ij * w_ij
//   ds_ij = scale * (p_ij * dp_ij - w_ij * sum_j p_ij * dp_ij)
//
// Shapes: p, ds [planes, queries, cols], scratch: products s and dp in; l [all planes, queries] as the forward left it.
// Work:   one invocation a row: no barrier, no workgroup memory. The dropout's words are computed twice, not stored.
// Memory: 32 bytes a visible element.

//#include "lib/attention_softmax.wgsl"

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> mask: array<u32>;
@group(0) @binding(1) var<storage, read> l: array<f32>;
@group(0) @binding(2) var<storage, read_write> p: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> ds: array<vec4f>;
@group(0) @binding(4) var<uniform> held_rate: f32;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let slot_row = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (slot_row >= params.planes * params.queries) {
    return;
  }
  let row = params.first_plane * params.queries + slot_row;
  let query = row % params.queries;
  let end = visible_keys(query);
  let packs = (end + 3u) / 4u;
  let mask_at = mask_row(row / params.queries, query);
  let start = slot_row * (params.cols / 4u);
  let dropout = dropout_of(params.rate, held_rate);

  var sum4 = vec4f(0.0);
  for (var pack = 0u; pack < packs; pack++) {
    let w = weights_of(scores_of(p[start + pack], 4u * pack, end, mask_at), l[row]);
    p[start + pack] = w;
    // Products with keys that the query does not see may be missing: what is there is not a number to multiply.
    let dp = select(ds[start + pack], vec4f(0.0), w == vec4f(0.0)) * keep_scales(dropout, row, pack);
    ds[start + pack] = dp;
    sum4 += w * dp;
  }
  let sum = sum4.x + sum4.y + sum4.z + sum4.w;
  for (var pack = 0u; pack < packs; pack++) {
    let w = p[start + pack];
    ds[start + pack] = params.scale * w * (ds[start + pack] - sum);
    p[start + pack] = w * keep_scales(dropout, row, pack);
  }
  for (var pack = packs; pack < padded_packs(end); pack++) {
    p[start + pack] = vec4f(0.0);
    ds[start + pack] = vec4f(0.0);
  }
}
