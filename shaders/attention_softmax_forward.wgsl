// p_ij = keep_ij * exp(s_ij - l_i) with s = scale * product + mask and l_i = log(sum_j exp(s_ij)), in place.
//
// Shapes: p [planes, queries, cols], scratch: products in, weights out; l [all planes, queries], f32.
// Work:   one invocation a row: no barrier, no workgroup memory. A row without a visible key gets weights of 0 and l = 0.
// Memory: 16 bytes a visible element.

//#include "lib/attention_softmax.wgsl"

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> mask: array<u32>;
@group(0) @binding(1) var<storage, read_write> p: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> l: array<f32>;
@group(0) @binding(3) var<uniform> held_rate: f32;
@group(0) @binding(4) var<uniform> params: Params;

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

  var highest4 = vec4f(LOWEST);
  for (var pack = 0u; pack < packs; pack++) {
    let scores = scores_of(p[start + pack], 4u * pack, end, mask_at);
    p[start + pack] = scores;
    highest4 = max(highest4, scores);
  }
  let highest = max(max(highest4.x, highest4.y), max(highest4.z, highest4.w));
  var sum4 = vec4f(0.0);
  for (var pack = 0u; pack < packs; pack++) {
    let weights = weights_of(p[start + pack], highest);
    p[start + pack] = weights;
    sum4 += weights;
  }
  let sum = sum4.x + sum4.y + sum4.z + sum4.w;
  let scale = select(1.0 / sum, 0.0, sum == 0.0);
  for (var pack = 0u; pack < packs; pack++) {
    p[start + pack] *= scale * keep_scales(dropout, row, pack);
  }
  for (var pack = packs; pack < padded_packs(end); pack++) {
    p[start + pack] = vec4f(0.0);
  }
  l[row] = select(highest + log(sum), 0.0, sum == 0.0);
}
