// RMSprop over the whole arena, in place, with a running mean of the gradient and a momentum buffer for the groups that have them.
//
//   g += weight_decay * p;  square += (1 - alpha) * (g^2 - square);  average += (1 - alpha) * (g - average)
//   d = g / (sqrt(centered ? square - average^2 : square) + eps);  momentum = mu * momentum + d
//   p -= lr * (mu > 0 ? momentum : d)
//
// Shapes: p, square, average, momentum, grads [blocks * 64] vec4; parameter_of [blocks];
//         hyper [parameters] with own (1 - alpha, mu, eps).
// Work:   a workgroup a block, every workgroups-th one; a lane every WORKGROUP-th vec4 of it.
// Memory: 36 bytes a parameter.
// Source: Hinton 2012, lecture 6e; centered: Graves 2013, arXiv 1308.0850; PyTorch's order of operations. A variance that
//         rounding makes negative counts as 0, where its square root would be NaN.

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
@group(0) @binding(5) var<storage, read_write> average: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> momentum: array<vec4f>;
@group(0) @binding(7) var<uniform> params: Params;

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
    let mu = h.own.y;
    let centered = (h.flags & FLAG_CENTERED) != 0u;
    for (var i = block * BLOCK_VEC4S + lane; i < (block + 1u) * BLOCK_VEC4S; i += WORKGROUP) {
      let value = p[i];
      let g = gradient(grads[i], h) + h.weight_decay * value;
      let mean = lerp(square[i], g * g, h.own.x);
      square[i] = mean;
      var variance = mean;
      if (centered) {
        let first = lerp(average[i], g, h.own.x);
        average[i] = first;
        variance = max(mean - first * first, vec4f(0.0));
      }
      var step = g / (sqrt(variance) + h.own.z);
      if (mu > 0.0) {
        step += mu * momentum[i];
        momentum[i] = step;
      }
      p[i] = value - h.lr * step;
    }
  }
}
