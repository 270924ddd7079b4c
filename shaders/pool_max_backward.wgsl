// dx[iy, ix] = sum of dy over the windows whose largest element lies at (iy, ix).
//
// Shapes: dy and index [planes, out_height, out_width], dx [planes, height, width].
// Work:   one invocation an element of dx, over the windows that contain it: gathered, so no atomics.
// Memory: 8 bytes a window, 4 an element.

//#include "lib/pool_params.wgsl"
//#include "lib/window_of.wgsl"

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

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
    let oy = window_of(at / params.width, params.padding_y, ky, params.dilation_y, params.stride_y, params.out_height);
    if (oy < 0) {
      continue;
    }
    for (var kx = 0u; kx < params.kernel_width; kx++) {
      let ox = window_of(at % params.width, params.padding_x, kx, params.dilation_x, params.stride_x, params.out_width);
      if (ox < 0) {
        continue;
      }
      let window = plane + u32(oy) * params.out_width + u32(ox);
      if (index[window] == at) {
        sum += dy[window];
      }
    }
  }
  dx[id] = sum;
}
