// y = f(a, b), elementwise over operands broadcast together. This f adds; scalar/ has the others.
//
// Shapes: y [size], row-major; a and b as the walk's operands u and v.
// Work:   grid-stride: adjacent invocations take adjacent elements of y.
// Memory: each element of y, and of each operand that is not broadcast, once.

//#include "lib/element.wgsl"
//#include "lib/walk.wgsl"

alias Result = f32;
// In memory, half as wide for f16.
alias StoredA = Element;
alias StoredB = Element;
alias StoredY = Result;

struct Params {
  size: u32,
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

@group(0) @binding(0) var<storage, read> a: array<StoredA>;
@group(0) @binding(1) var<storage, read> b: array<StoredB>;
@group(0) @binding(2) var<storage, read_write> y: array<StoredY>;
@group(0) @binding(3) var<uniform> params: Params;

fn f(a: Element, b: Element) -> Result {
  return Result(a + b);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  for (var i = workgroup.x * WORKGROUP + lane; i < params.size; i += workgroups.x * WORKGROUP) {
    let at = walk(i, 0u, RANK);
    y[i] = StoredY(f(Element(a[at.x]), Element(b[at.y])));
  }
}
