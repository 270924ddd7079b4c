// y[y_offset + sum_a i_a * y_stride_a] = x[x_offset + sum_a i_a * x_stride_a] for every index i.
//
// Shapes: `size` elements over up to six axes; any strides. Permute, slice, flip, expand, pad and concat are this walk.
// Work:   one invocation an element, or four neighbours where Element is vec4u (strides and extents then count fours);
//         Source stays u32 where the four repeat one element of x.
// Memory: each element once in and once out. Bits are copied, so every 4-byte type goes through as u32.

//#include "lib/strided_index.wgsl"

alias Element = u32;
alias Source = u32;
// f16 moves as f16.
alias StoredX = Source;
alias StoredY = Element;

struct Params {
  size: u32,
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

@group(0) @binding(0) var<storage, read> x: array<StoredX>;
@group(0) @binding(1) var<storage, read_write> y: array<StoredY>;
@group(0) @binding(2) var<uniform> params: Params;

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
  let at = strided_offsets(i);
  y[at.y] = StoredY(x[at.x]);
}
