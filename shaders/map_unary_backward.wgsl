// dx = vjp(dy, s), elementwise, where s is what the op saved: its input x or its output y. This vjp is that of a copy.
//
// Shapes: dy, s, dx [packs] of 4 elements each, f32 or f16; src/kernels/map.ts rounds the bindings up.
// Work:   grid-stride: adjacent invocations take adjacent packs.
// Memory: 12 bytes an element; 8 where vjp does not read s.

//#include "lib/element.wgsl"

// In memory, half as wide for f16.
alias StoredDy = f32;
alias StoredS = f32;
alias StoredDx = f32;

struct Params {
  packs: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> dy: array<vec4<StoredDy>>;
@group(0) @binding(1) var<storage, read> s: array<vec4<StoredS>>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4<StoredDx>>;
@group(0) @binding(3) var<uniform> params: Params;

fn vjp(dy: f32, s: f32) -> f32 {
  return dy;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  for (var i = workgroup.x * WORKGROUP + lane; i < params.packs; i += workgroups.x * WORKGROUP) {
    let d = vec4f(dy[i]);
    let v = vec4f(s[i]);
    dx[i] = vec4<StoredDx>(vec4f(vjp(d.x, v.x), vjp(d.y, v.y), vjp(d.z, v.z), vjp(d.w, v.w)));
  }
}
