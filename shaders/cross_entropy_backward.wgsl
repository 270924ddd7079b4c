// dx = unit * dy: the gradient that cross_entropy_forward.wgsl left, times what the loss itself is worth.
//
// Shapes: unit, dx [outer, classes, inner]; dy [rows] where PER_ROW, else [1]. Element is f32, or vec4f of one row.
//         Without PER_ROW, of anything: then extent and inner do not count.
// Work:   grid-stride: adjacent invocations take adjacent Elements.
// Memory: 8 bytes an element.

alias Element = f32;

struct Params {
  size: u32,
  // Elements of a row.
  extent: u32,
  inner: u32,
}

override WORKGROUP: u32 = 64u;
override PER_ROW: bool = false;

@group(0) @binding(0) var<storage, read> unit: array<Element>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<Element>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  for (var i = workgroup.x * WORKGROUP + lane; i < params.size; i += workgroups.x * WORKGROUP) {
    var row = 0u;
    if (PER_ROW) {
      row = i / (params.extent * params.inner) * params.inner + i % params.inner;
    }
    dx[i] = unit[i] * dy[row];
  }
}
