// y = min(max(x, low), high), NaN where x is NaN.
//
// Shapes: x, y [packs] of 4 elements each, f32 or f16; src/kernels/map.ts rounds the bindings up.
// Work:   grid-stride: adjacent invocations take adjacent packs.
// Memory: 8 bytes an element.

//#include "lib/numerics.wgsl"

// In memory, half as wide for f16.
alias StoredX = f32;
alias StoredY = f32;

struct Params {
  packs: u32,
  low: f32,
  high: f32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<vec4<StoredX>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<StoredY>>;
@group(0) @binding(2) var<uniform> params: Params;

fn f(x: f32) -> f32 {
  return select(min(max(x, params.low), params.high), x, is_nan(x));
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  for (var i = workgroup.x * WORKGROUP + lane; i < params.packs; i += workgroups.x * WORKGROUP) {
    let v = vec4f(x[i]);
    y[i] = vec4<StoredY>(vec4f(f(v.x), f(v.y), f(v.z), f(v.w)));
  }
}
