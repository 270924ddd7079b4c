// dx = vjp(dy, x, number).x, or vjp(dy, number, x).y if SWAPPED, elementwise. This vjp multiplies.
//
// Shapes: dy, x, dx [packs] of 4 elements each, f32 or f16; src/kernels/map.ts rounds the bindings up.
// Work:   grid-stride: adjacent invocations take adjacent packs.
// Memory: 12 bytes an element.

//#include "lib/element.wgsl"

// In memory, half as wide for f16.
alias StoredDy = f32;
alias StoredX = f32;
alias StoredDx = f32;

struct Params {
  packs: u32,
  number_bits: u32,
}

override WORKGROUP: u32 = 64u;
override SWAPPED: bool = false;

@group(0) @binding(0) var<storage, read> dy: array<vec4<StoredDy>>;
@group(0) @binding(1) var<storage, read> x: array<vec4<StoredX>>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4<StoredDx>>;
@group(0) @binding(3) var<uniform> params: Params;

// The gradients of both operands.
fn vjp(dy: f32, a: f32, b: f32) -> vec2f {
  return vec2f(dy * b, dy * a);
}

fn apply(d: f32, v: f32) -> f32 {
  let number = bitcast<f32>(params.number_bits);
  if (SWAPPED) {
    return vjp(d, number, v).y;
  }
  return vjp(d, v, number).x;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  for (var i = workgroup.x * WORKGROUP + lane; i < params.packs; i += workgroups.x * WORKGROUP) {
    let d = vec4f(dy[i]);
    let v = vec4f(x[i]);
    dx[i] = vec4<StoredDx>(vec4f(apply(d.x, v.x), apply(d.y, v.y), apply(d.z, v.z), apply(d.w, v.w)));
  }
}
