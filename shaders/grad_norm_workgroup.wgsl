// partials_j = (sum of g_i^2, bits of the largest |g_i|) over a share of the gradient arena: half of the global norm.
//
// Shapes: grads [blocks * 64] vec4; parameter_of [blocks]; group_of [parameters]; partials [workgroups].
// Work:   a workgroup walks every workgroups-th block, then a tree over its 64 lanes. Suits GPUs.
// Memory: 4 bytes a gradient. Blocks of parameters without a gradient are not read.

//#include "lib/optimizer.wgsl"

struct Params {
  blocks: u32,
  first_partial: u32,
}

struct Partial {
  sum: f32,
  highest: u32,
}

@group(0) @binding(0) var<storage, read> grads: array<vec4f>;
@group(0) @binding(1) var<storage, read> parameter_of: array<u32>;
@group(0) @binding(2) var<storage, read> group_of: array<u32>;
@group(0) @binding(3) var<storage, read_write> partials: array<Partial>;
@group(0) @binding(4) var<uniform> params: Params;

var<workgroup> lanes: array<Partial, BLOCK_VEC4S>;

@compute @workgroup_size(BLOCK_VEC4S)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  var sum = vec4f(0.0);
  var highest = vec4u(0u);
  for (var block = workgroup.x; block < params.blocks; block += workgroups.x) {
    if (group_of[parameter_of[block]] == INACTIVE) {
      continue;
    }
    let g = grads[block * BLOCK_VEC4S + lane];
    sum += g * g;
    highest = max(highest, bitcast<vec4u>(g) & vec4u(0x7fffffffu));
  }
  let pairs = max(highest.xy, highest.zw);
  lanes[lane] = Partial((sum.x + sum.y) + (sum.z + sum.w), max(pairs.x, pairs.y));
  for (var half = BLOCK_VEC4S / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      lanes[lane].sum += lanes[lane + half].sum;
      lanes[lane].highest = max(lanes[lane].highest, lanes[lane + half].highest);
    }
  }
  if (lane == 0u) {
    partials[params.first_partial + workgroup.x] = lanes[0];
  }
}
