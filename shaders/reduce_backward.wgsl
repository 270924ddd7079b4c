// dx_i = vjp(x_i, s_k, dy_k, ties_k), k the output that element i went into: max, min, variance, norms.
//
// Shapes: x, dx: up to six axes after merging neighbours; s, dy, ties [outputs], read with stride 0 along reduced axes.
// Work:   one invocation an element.
// Memory: 8 bytes an element, and the outputs' few.

//#include "lib/numerics.wgsl"
//#include "lib/strided_index.wgsl"

// size, scale, and the walk: x over dx, y over the outputs.
struct Params {
  size: u32,
  scale: f32,
  x_offset: i32,
  y_offset: i32,
  extent1: u32,
  extent2: u32,
  extent3: u32,
  extent4: u32,
  extent5: u32,
  x_stride0: i32,
  x_stride1: i32,
  x_stride2: i32,
  x_stride3: i32,
  x_stride4: i32,
  x_stride5: i32,
  y_stride0: i32,
  y_stride1: i32,
  y_stride2: i32,
  y_stride3: i32,
  y_stride4: i32,
  y_stride5: i32,
}

override WORKGROUP: u32 = 64u;
override RANK: u32 = 6u;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> s: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> ties: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

// Max and min: dy in equal parts to the elements that equal the extremum.
fn vjp(x: f32, s: f32, dy: f32, ties: f32) -> f32 {
  return select(0.0, dy / ties, x == s || (is_nan(x) && is_nan(s)));
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (i >= params.size) {
    return;
  }
  let k = strided_offsets(i).y;
  dx[i] = vjp(x[i], s[k], dy[k], ties[k]);
}
