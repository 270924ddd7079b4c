// flags[mark] = 1 where any x_i is NaN or infinite; else flags[mark] is left as it is.
//
// Shapes: x [size]; flags [marks].
// Work:   an invocation takes every (workgroups * WORKGROUP)-th element.
// Memory: 4 bytes an element.
//#include "lib/numerics.wgsl"

alias StoredX = f32;

struct Params {
  size: u32,
  mark: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<StoredX>;
@group(0) @binding(1) var<storage, read_write> flags: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let stride = workgroups.x * workgroups.y * WORKGROUP;
  var found = false;
  for (var i = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane; i < params.size; i += stride) {
    found = found || is_not_finite(f32(x[i]));
  }
  // Whoever writes, writes the same.
  if (found) {
    flags[params.mark] = 1u;
  }
}
