// Rectified Adam over the whole arena, in place.
//
//   coupled: g += weight_decay * p      decoupled: p -= lr * weight_decay * p
//   m += (1 - beta1) * (g - m);  v += (1 - beta2) * (g^2 - v);  m_hat = m / (1 - beta1^t)
//   rho_t > 5:  p -= lr * rectification * m_hat * sqrt(1 - beta2^t) / (sqrt(v) + eps)
//   else:       p -= lr * m_hat
//
// Shapes: p, m, v, grads [blocks * 64] vec4; parameter_of [blocks]; hyper [parameters] with own (1 - beta1, 1 - beta2, eps).
// Work:   a workgroup a block, every workgroups-th one; a lane every WORKGROUP-th vec4 of it.
// Memory: 28 bytes a parameter.
// Source: Liu et al. 2020, arXiv 1908.03265; PyTorch's order of operations. rho_t: see lib/rectification.

//#include "lib/optimizer.wgsl"
//#include "lib/rectification.wgsl"

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
@group(0) @binding(6) var<uniform> params: Params;

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

    let factor = rectification(f32(h.step), -h.log_betas.y);
    let rate = h.lr / h.correction.x;
    let root = sqrt(h.correction.y);
    for (var i = block * BLOCK_VEC4S + lane; i < (block + 1u) * BLOCK_VEC4S; i += WORKGROUP) {
      let value = p[i];
      let g = gradient(grads[i], h) + coupled * value;
      let first = lerp(m[i], g, h.own.x);
      let second = lerp(v[i], g * g, h.own.y);
      m[i] = first;
      v[i] = second;
      var step = first;
      if (factor > 0.0) {
        step *= factor * root / (sqrt(second) + h.own.z);
      }
      p[i] = (value - shrink * value) - rate * step;
    }
  }
}
