// dx = unit * dy: the gradient that cross_entropy_forward.wgsl left, times what the loss itself is worth. Divided by norm
// where DIVIDES: what a mean divides by, if forward did not.
//
// Shapes: unit, dx [outer, classes, inner]; dy [rows] where PER_ROW, else [1]. Element is f32, or vec4f of one row.
//         Without PER_ROW, of anything: then extent and inner do not count. norm [1].
// Work:   grid-stride: adjacent invocations take adjacent Elements.
// Memory: each element once in and once out.

alias Element = f32;
// In memory: half as wide for f16.
alias StoredUnit = Element;
alias StoredDx = Element;

struct Params {
  size: u32,
  // Elements of a row.
  extent: u32,
  inner: u32,
}

override WORKGROUP: u32 = 64u;
override PER_ROW: bool = false;
override DIVIDES: bool = false;

@group(0) @binding(0) var<storage, read> unit: array<StoredUnit>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> norm: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<StoredDx>;
@group(0) @binding(4) var<uniform> params: Params;

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
    var factor = dy[row];
    if (DIVIDES) {
      factor /= norm[0];
    }
    dx[i] = StoredDx(Element(unit[i]) * factor);
  }
}
