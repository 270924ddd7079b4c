// Adagrad over the whole arena, in place.
//
//   g += weight_decay * p;  sum += g^2
//   p -= lr / (1 + (step - 1) * lr_decay) * g / (sqrt(sum) + eps)
//
// Shapes: p, sum, grads [blocks * 64] vec4; parameter_of [blocks]; hyper [parameters] with own (lr_decay, eps, -).
// Work:   a workgroup a block, every workgroups-th one; a lane every WORKGROUP-th vec4 of it.
// Memory: 20 bytes a parameter.
// Source: Duchi et al. 2011; PyTorch's order of operations, with the parameter's own count of steps.

//#include "lib/optimizer.wgsl"

struct Params {
  blocks: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> grads: array<vec4f>;
@group(0) @binding(1) var<storage, read> parameter_of: array<u32>;
@group(0) @binding(2) var<storage, read> hyper: array<Hyper>;
@group(0) @binding(3) var<storage, read_write> p: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> sum: array<vec4f>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let stride = workgroups.x * workgroups.y;
  for (var block = workgroup.x + workgroup.y * workgroups.x; block < params.blocks; block += stride) {
    let h = hyper[parameter_of[block]];
    if (h.step == 0u) {
      continue;
    }
    let rate = h.lr / (1.0 + f32(h.step - 1u) * h.own.x);
    for (var i = block * BLOCK_VEC4S + lane; i < (block + 1u) * BLOCK_VEC4S; i += WORKGROUP) {
      let value = p[i];
      let g = gradient(grads[i], h) + h.weight_decay * value;
      let total = sum[i] + g * g;
      sum[i] = total;
      p[i] = value - rate * (g / (sqrt(total) + h.own.y));
    }
  }
}
