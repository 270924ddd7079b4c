// dx = dy where low <= x <= high, else 0.
//
// Shapes: dy, x, dx [size], f32.
// Work:   grid-stride: adjacent invocations take adjacent elements.
// Memory: 12 bytes an element.

struct Params {
  size: u32,
  low: f32,
  high: f32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  for (var i = workgroup.x * WORKGROUP + lane; i < params.size; i += workgroups.x * WORKGROUP) {
    let v = x[i];
    dx[i] = select(0.0, dy[i], v >= params.low && v <= params.high);
  }
}
