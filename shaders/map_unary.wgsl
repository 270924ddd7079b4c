// y = f(x), elementwise. This f converts the type; scalar/ has the others.
//
// Shapes: x, y [packs] of 4 elements each; src/kernels/map.ts rounds the bindings up.
// Work:   grid-stride: adjacent invocations take adjacent packs.
// Memory: each element once in and once out.

//#include "lib/element.wgsl"

alias Result = f32;
// In memory, half as wide for f16.
alias StoredX = Element;
alias StoredY = Result;

struct Params {
  packs: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<vec4<StoredX>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<StoredY>>;
@group(0) @binding(2) var<uniform> params: Params;

fn f(x: Element) -> Result {
  return Result(x);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  for (var i = workgroup.x * WORKGROUP + lane; i < params.packs; i += workgroups.x * WORKGROUP) {
    let v = vec4<Element>(x[i]);
    y[i] = vec4<StoredY>(vec4<Result>(f(v.x), f(v.y), f(v.z), f(v.w)));
  }
}
