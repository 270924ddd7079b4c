// y = min(max(x, low), high), NaN where x is NaN.
//
// Shapes: x, y [size], f32.
// Work:   grid-stride: adjacent invocations take adjacent elements.
// Memory: 8 bytes an element.

//#include "lib/numerics.wgsl"

struct Params {
  size: u32,
  low: f32,
  high: f32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  for (var i = workgroup.x * WORKGROUP + lane; i < params.size; i += workgroups.x * WORKGROUP) {
    let v = x[i];
    y[i] = select(min(max(v, params.low), params.high), v, is_nan(v));
  }
}
