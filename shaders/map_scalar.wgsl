// y = f(x, number), or f(number, x) if SWAPPED, elementwise. This f multiplies; scalar/ has the others.
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
  // Bits, so that one field holds a number of any element type, infinity and NaN among them.
  number_bits: u32,
}

override WORKGROUP: u32 = 64u;
override SWAPPED: bool = false;

@group(0) @binding(0) var<storage, read> x: array<vec4<StoredX>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<StoredY>>;
@group(0) @binding(2) var<uniform> params: Params;

fn f(a: Element, b: Element) -> Result {
  return Result(a * b);
}

fn apply(v: Element) -> Result {
  let number = bitcast<Element>(params.number_bits);
  if (SWAPPED) {
    return f(number, v);
  }
  return f(v, number);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  for (var i = workgroup.x * WORKGROUP + lane; i < params.packs; i += workgroups.x * WORKGROUP) {
    let v = vec4<Element>(x[i]);
    y[i] = vec4<StoredY>(vec4<Result>(apply(v.x), apply(v.y), apply(v.z), apply(v.w)));
  }
}
