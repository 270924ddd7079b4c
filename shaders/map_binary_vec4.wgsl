// y = f(a, b), elementwise over operands broadcast together, four elements at a time. This f adds.
//
// Shapes: y [packs] of 4 elements each; a and b as the walk's operands u and v, counted in packs.
//         An operand constant along the innermost axis (A_CONSTANT, B_CONSTANT) is counted in elements.
// Work:   grid-stride: adjacent invocations take adjacent packs of y.
// Memory: each element of y, and of each operand that is not broadcast, once.

//#include "lib/element.wgsl"
//#include "lib/walk.wgsl"

alias Result = f32;
// In memory, half as wide for f16.
alias StoredA = Element;
alias StoredB = Element;
alias StoredY = Result;

struct Params {
  packs: u32,
  extent_0: u32,
  extent_1: u32,
  extent_2: u32,
  extent_3: u32,
  extent_4: u32,
  extent_5: u32,
  u_0: u32,
  u_1: u32,
  u_2: u32,
  u_3: u32,
  u_4: u32,
  u_5: u32,
  v_0: u32,
  v_1: u32,
  v_2: u32,
  v_3: u32,
  v_4: u32,
  v_5: u32,
  w_0: u32,
  w_1: u32,
  w_2: u32,
  w_3: u32,
  w_4: u32,
  w_5: u32,
}

override WORKGROUP: u32 = 64u;
override RANK: u32 = 6u;
override A_CONSTANT: bool = false;
override B_CONSTANT: bool = false;

@group(0) @binding(0) var<storage, read> a: array<vec4<StoredA>>;
@group(0) @binding(1) var<storage, read> b: array<vec4<StoredB>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<StoredY>>;
@group(0) @binding(3) var<uniform> params: Params;

fn f(a: Element, b: Element) -> Result {
  return Result(a + b);
}

fn load_a(at: u32) -> vec4<Element> {
  if (A_CONSTANT) {
    return vec4<Element>(Element(a[at / 4u][at % 4u]));
  }
  return vec4<Element>(a[at]);
}

fn load_b(at: u32) -> vec4<Element> {
  if (B_CONSTANT) {
    return vec4<Element>(Element(b[at / 4u][at % 4u]));
  }
  return vec4<Element>(b[at]);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  for (var i = workgroup.x * WORKGROUP + lane; i < params.packs; i += workgroups.x * WORKGROUP) {
    let at = walk(i, 0u, RANK);
    let u = load_a(at.x);
    let v = load_b(at.y);
    y[i] = vec4<StoredY>(vec4<Result>(f(u.x, v.x), f(u.y, v.y), f(u.z, v.z), f(u.w, v.w)));
  }
}
