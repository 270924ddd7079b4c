// SGD with momentum over the whole arena, in place.
//
//   coupled: g += weight_decay * p      decoupled: p -= lr * weight_decay * p
//   momentum buffer b = g at the parameter's first step, else mu * b + (1 - dampening) * g
//   p -= lr * (nesterov ? g + mu * b : b)
//
// Shapes: p, momentum, grads [blocks * 64] vec4; parameter_of [blocks]; hyper [parameters] with
//         own (momentum, 1 - dampening, -). A group whose momentum is 0 has no buffer.
// Work:   a workgroup a block, every workgroups-th one; a lane every WORKGROUP-th vec4 of it.
// Memory: 20 bytes a parameter.
// Source: Sutskever et al. 2013, in PyTorch's form.

//#include "lib/optimizer.wgsl"

struct Params {
  blocks: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> grads: array<vec4f>;
@group(0) @binding(1) var<storage, read> parameter_of: array<u32>;
@group(0) @binding(2) var<storage, read> hyper: array<Hyper>;
@group(0) @binding(3) var<storage, read_write> p: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> momentum: array<vec4f>;
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
    let decoupled = (h.flags & FLAG_DECOUPLED) != 0u;
    let coupled = select(h.weight_decay, 0.0, decoupled);
    let shrink = select(0.0, h.lr * h.weight_decay, decoupled);
    let mu = h.own.x;
    for (var i = block * BLOCK_VEC4S + lane; i < (block + 1u) * BLOCK_VEC4S; i += WORKGROUP) {
      let value = p[i];
      var g = gradient(grads[i], h) + coupled * value;
      if (mu != 0.0) {
        var next = g;
        if (h.step > 1u) {
          next = mu * momentum[i] + h.own.y * g;
        }
        momentum[i] = next;
        g = select(next, g + mu * next, (h.flags & FLAG_NESTEROV) != 0u);
      }
      p[i] = (value - shrink * value) - h.lr * g;
    }
  }
}
