// y = a + b, elementwise: the sum of two gradients.
//
// Shapes: a, b, y [size], Element f32, or vec4f where size counts fours. Nothing behind the last element is touched: what
//         follows a gradient in its arena counts in the norm.
// Work:   grid-stride: adjacent invocations take adjacent Elements.
// Memory: each element twice in and once out.

alias Element = f32;
// In memory: half as wide for f16.
alias StoredA = Element;
alias StoredB = Element;
alias StoredY = Element;

struct Params {
  size: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> a: array<StoredA>;
@group(0) @binding(1) var<storage, read> b: array<StoredB>;
@group(0) @binding(2) var<storage, read_write> y: array<StoredY>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  for (var i = workgroup.x * WORKGROUP + lane; i < params.size; i += workgroups.x * WORKGROUP) {
    y[i] = StoredY(Element(a[i]) + Element(b[i]));
  }
}
