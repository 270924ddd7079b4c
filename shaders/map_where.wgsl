// y = a where condition is not 0, else b, over operands broadcast together.
//
// Shapes: y [size], row-major; condition, a and b as the walk's operands u, v, w. Instead of a or b, a number
//         (A_NUMBER, B_NUMBER).
// Work:   grid-stride: adjacent invocations take adjacent elements of y.
// Memory: each element of y, and of each operand that is not broadcast, once.

//#include "lib/walk.wgsl"

alias Element = f32;
// In memory, half as wide for f16.
alias StoredA = Element;
alias StoredB = Element;
alias StoredY = Element;

struct Params {
  size: u32,
  a_bits: u32,
  b_bits: u32,
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
override A_NUMBER: bool = false;
override B_NUMBER: bool = false;

@group(0) @binding(0) var<storage, read> condition: array<u32>;
@group(0) @binding(1) var<storage, read> a: array<StoredA>;
@group(0) @binding(2) var<storage, read> b: array<StoredB>;
@group(0) @binding(3) var<storage, read_write> y: array<StoredY>;
@group(0) @binding(4) var<uniform> params: Params;

fn load_a(at: u32) -> Element {
  if (A_NUMBER) {
    return bitcast<Element>(params.a_bits);
  }
  return Element(a[at]);
}

fn load_b(at: u32) -> Element {
  if (B_NUMBER) {
    return bitcast<Element>(params.b_bits);
  }
  return Element(b[at]);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  for (var i = workgroup.x * WORKGROUP + lane; i < params.size; i += workgroups.x * WORKGROUP) {
    let at = walk(i, 0u, RANK);
    y[i] = StoredY(select(load_b(at.z), load_a(at.y), condition[at.x] != 0u));
  }
}
