// Adam and AdamW over the whole arena, in place, where a group asks for AMSGrad.
//
//   AdamW: p -= lr * weight_decay * p      Adam: g += weight_decay * p
//   GIAdam: v = g^2 before the parameter's first step
//   m += (1 - beta1) * (g - m);  v += (1 - beta2) * (g^2 - v)
//   highest = max(highest, v)
//   p -= lr / (1 - beta1^t) * m / (sqrt(amsgrad ? highest : v) / sqrt(1 - beta2^t) + eps)
//
// Shapes: p, m, v, highest, grads [blocks * 64] vec4; parameter_of [blocks]; hyper [parameters] with
//         own (1 - beta1, 1 - beta2, eps).
// Work:   a workgroup a block, every workgroups-th one; a lane every WORKGROUP-th vec4 of it.
// Memory: 36 bytes a parameter.
// Source: Kingma and Ba 2015; Loshchilov and Hutter 2019; Reddi et al. 2018 (AMSGrad); Kalra and Barkeshli 2024 (GIAdam); the order of operations is PyTorch's.

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
@group(0) @binding(5) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> highest: array<vec4f>;
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
    let rate = h.lr / h.correction.x;
    let decoupled = (h.flags & FLAG_DECOUPLED) != 0u;
    let coupled = select(h.weight_decay, 0.0, decoupled);
    let shrink = select(0.0, h.lr * h.weight_decay, decoupled);
    let amsgrad = (h.flags & FLAG_AMSGRAD) != 0u;
    let starts = (h.flags & FLAG_GRADIENT_INIT) != 0u && h.step == 1u;
    let root = 1.0 / sqrt(h.correction.y);
    for (var i = block * BLOCK_VEC4S + lane; i < (block + 1u) * BLOCK_VEC4S; i += WORKGROUP) {
      var g = gradient(grads[i], h);
      var value = p[i];
      g += coupled * value;
      value -= shrink * value;
      let first = lerp(m[i], g, h.own.x);
      let square = g * g;
      let second = lerp(select(v[i], square, starts), square, h.own.y);
      m[i] = first;
      v[i] = second;
      let largest = max(highest[i], second);
      highest[i] = largest;
      p[i] = value - rate * first / (sqrt(select(second, largest, amsgrad)) * root + h.own.z);
    }
  }
}
