// Lion over the whole arena, in place.
//
//   p -= lr * weight_decay * p
//   p -= lr * sign(beta1 * m + (1 - beta1) * g);  m += (1 - beta2) * (g - m)
//
// Shapes: p, m, grads [blocks * 64] vec4; parameter_of [blocks]; hyper [parameters] with own (1 - beta1, 1 - beta2, -).
// Work:   a workgroup a block, every workgroups-th one; a lane every WORKGROUP-th vec4 of it.
// Memory: 20 bytes a parameter.
// Source: Chen et al. 2023, "Symbolic discovery of optimization algorithms", arXiv 2302.06675. sign(0) = 0.

//#include "lib/optimizer.wgsl"

struct Params {
  blocks: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> grads: array<vec4f>;
@group(0) @binding(1) var<storage, read> parameter_of: array<u32>;
@group(0) @binding(2) var<storage, read> hyper: array<Hyper>;
@group(0) @binding(3) var<storage, read_write> p: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> m: array<vec4f>;
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
    for (var i = block * BLOCK_VEC4S + lane; i < (block + 1u) * BLOCK_VEC4S; i += WORKGROUP) {
      let g = gradient(grads[i], h);
      let value = p[i];
      let mean = m[i];
      p[i] = value - h.lr * (h.weight_decay * value + sign(lerp(mean, g, h.own.x)));
      m[i] = lerp(mean, g, h.own.y);
    }
  }
}
