// dx[iy, ix] = sum of dy / divisor over the windows that contain (iy, ix).
//
// Shapes: dy [planes, out_height, out_width] -> dx [planes, height, width], f32.
// Work:   one invocation an element of dx: gathered, so no atomics.
// Memory: 4 bytes a window, 4 an element.

//#include "lib/pool_params.wgsl"
//#include "lib/window_of.wgsl"
//#include "lib/pool_divisor.wgsl"

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dx: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (id >= params.planes * params.height * params.width) {
    return;
  }
  let at = id % (params.height * params.width);
  let plane = id / (params.height * params.width) * params.out_height * params.out_width;
  var sum = 0.0;
  for (var ky = 0u; ky < params.kernel_height; ky++) {
    let oy = window_of(at / params.width, params.padding_y, ky, 1u, params.stride_y, params.out_height);
    if (oy < 0) {
      continue;
    }
    for (var kx = 0u; kx < params.kernel_width; kx++) {
      let ox = window_of(at % params.width, params.padding_x, kx, 1u, params.stride_x, params.out_width);
      if (ox >= 0) {
        sum += dy[plane + u32(oy) * params.out_width + u32(ox)] / divisor_of(u32(oy), u32(ox));
      }
    }
  }
  dx[id] = sum;
}
