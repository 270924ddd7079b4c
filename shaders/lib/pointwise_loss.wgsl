// What the kernels of elementwise losses share. The functions of a loss come from a file of shaders/loss/.

//#include "lib/numerics.wgsl"
//#include "lib/softplus.wgsl"

struct Params {
  size: u32,
  // pos_weight repeats along the elements; without HAS_POS_WEIGHT it is one number for all.
  period: u32,
  pos_weight_of_all: f32,
}

override HAS_POS_WEIGHT: bool = false;

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> t: array<vec4f>;
@group(0) @binding(2) var<storage, read> pos_weight: array<f32>;

// Of one element. p is the weight of a positive target.
fn loss(x: f32, t: f32, p: f32) -> f32 {
  return 0.0;
}

// d loss / dx
fn slope(x: f32, t: f32, p: f32) -> f32 {
  return 0.0;
}

// d loss / dt
fn target_slope(x: f32, t: f32, p: f32) -> f32 {
  return 0.0;
}

fn pos_weights(pack: u32) -> vec4f {
  if (!HAS_POS_WEIGHT) {
    return vec4f(params.pos_weight_of_all);
  }
  let i = (vec4u(pack * 4u) + vec4u(0u, 1u, 2u, 3u)) % params.period;
  return vec4f(pos_weight[i.x], pos_weight[i.y], pos_weight[i.z], pos_weight[i.w]);
}

fn losses_of(pack: u32) -> vec4f {
  let a = x[pack];
  let b = t[pack];
  let p = pos_weights(pack);
  return vec4f(loss(a.x, b.x, p.x), loss(a.y, b.y, p.y), loss(a.z, b.z, p.z), loss(a.w, b.w, p.w));
}
