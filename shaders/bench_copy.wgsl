// y = x: what memory gives, which kernels that are bound by it are measured against.
//
// Shapes: x, y [vec4s] vec4.
// Work:   an invocation takes every (workgroups * WORKGROUP)-th vec4: one each where the grid is as large as the data.
// Memory: 8 bytes a float.

struct Params {
  vec4s: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let stride = workgroups.x * workgroups.y * WORKGROUP;
  for (var i = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane; i < params.vec4s; i += stride) {
    y[i] = x[i];
  }
}
