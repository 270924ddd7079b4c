// y_i = value, given as bits, so that one kernel fills every dtype.
//
// Shapes: y [size], any 4-byte type.
// Work:   one invocation an element.
// Memory: 4 bytes an element.

struct Params {
  size: u32,
  bits: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@group(0) @binding(1) var<uniform> params: Params;

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
  y[i] = params.bits;
}
