// y = mean of each window; x is 0 in the padding, which counts unless COUNT_PADDING is false.
//
// Shapes: x [planes, height, width] -> y [planes, out_height, out_width], f32.
// Work:   one invocation an output.
// Memory: 4 bytes an element of a window, 4 an output.

//#include "lib/pool_params.wgsl"
//#include "lib/pool_divisor.wgsl"

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
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (id >= params.planes * params.out_height * params.out_width) {
    return;
  }
  let oy = id / params.out_width % params.out_height;
  let ox = id % params.out_width;
  let top = i32(oy * params.stride_y) - i32(params.padding_y);
  let left = i32(ox * params.stride_x) - i32(params.padding_x);
  let plane = id / (params.out_width * params.out_height) * params.height * params.width;
  var sum = 0.0;
  for (var iy = max(top, 0); iy < min(top + i32(params.kernel_height), i32(params.height)); iy++) {
    for (var ix = max(left, 0); ix < min(left + i32(params.kernel_width), i32(params.width)); ix++) {
      sum += x[plane + u32(iy) * params.width + u32(ix)];
    }
  }
  y[id] = sum / divisor_of(oy, ox);
}
