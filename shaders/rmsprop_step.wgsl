// RMSprop over the whole arena, in place, where no group is centered or has momentum.
//
//   g += weight_decay * p;  square += (1 - alpha) * (g^2 - square)
//   p -= lr * g / (sqrt(square) + eps)
//
// Shapes: p, square, grads [blocks * 64] vec4; parameter_of [blocks]; hyper [parameters] with own (1 - alpha, -, eps).
// Work:   a workgroup a block, every workgroups-th one; a lane every WORKGROUP-th vec4 of it.
// Memory: 20 bytes a parameter.
// Source: Hinton 2012, lecture 6e; PyTorch's order of operations.

//#include "lib/optimizer.wgsl"

struct Params {
  blocks: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> grads: array<vec4f>;
@group(0) @binding(1) var<storage, read> parameter_of: array<u32>;
@group(0) @binding(2) var<storage, read> hyper: array<Hyper>;
@group(0) @binding(3) var<storage, read_write> p: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> square: array<vec4f>;
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
      let value = p[i];
      let g = gradient(grads[i], h) + h.weight_decay * value;
      let mean = lerp(square[i], g * g, h.own.x);
      square[i] = mean;
      p[i] = value - h.lr * (g / (sqrt(mean) + h.own.z));
    }
  }
}
