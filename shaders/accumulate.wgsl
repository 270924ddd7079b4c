// y = a + b, elementwise: the sum of two gradients.
//
// Shapes: a, b, y [size], Element f32, or vec4f where size counts fours. Nothing behind the last element is touched: what
//         follows a gradient in its arena counts in the norm.
// Work:   grid-stride: adjacent invocations take adjacent Elements.
// Memory: 12 bytes an element.

alias Element = f32;

struct Params {
  size: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> a: array<Element>;
@group(0) @binding(1) var<storage, read> b: array<Element>;
@group(0) @binding(2) var<storage, read_write> y: array<Element>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  for (var i = workgroup.x * WORKGROUP + lane; i < params.size; i += workgroups.x * WORKGROUP) {
    y[i] = a[i] + b[i];
  }
}
