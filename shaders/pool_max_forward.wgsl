// y = the largest element of each window; index = where it lies in its plane. NaN counts as the largest, and of equals
// the first is taken. A window that lies in the padding whole gives -infinity and no index.
//
// Shapes: x [planes, height, width] f32 -> y [planes, out_height, out_width] f32, index of y's shape, u32.
// Work:   one invocation an output.
// Memory: 4 bytes an element of a window, 8 an output.

//#include "lib/numerics.wgsl"
//#include "lib/pool_params.wgsl"

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> index: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

const NOWHERE: u32 = 0xffffffffu;

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
  let top = i32(id / params.out_width % params.out_height * params.stride_y) - i32(params.padding_y);
  let left = i32(id % params.out_width * params.stride_x) - i32(params.padding_x);
  let plane = id / (params.out_width * params.out_height) * params.height * params.width;

  // Bits of -infinity from a variable: WGSL has no such literal.
  var minus_infinity = 0xff800000u;
  var best = bitcast<f32>(minus_infinity);
  var best_at = NOWHERE;
  for (var ky = 0u; ky < params.kernel_height; ky++) {
    let iy = top + i32(ky * params.dilation_y);
    if (iy < 0 || iy >= i32(params.height)) {
      continue;
    }
    for (var kx = 0u; kx < params.kernel_width; kx++) {
      let ix = left + i32(kx * params.dilation_x);
      if (ix < 0 || ix >= i32(params.width)) {
        continue;
      }
      let at = u32(iy) * params.width + u32(ix);
      let value = x[plane + at];
      let larger = !is_nan(best) && (is_nan(value) || value > best);
      if (best_at == NOWHERE || larger) {
        best = value;
        best_at = at;
      }
    }
  }
  y[id] = best;
  index[id] = best_at;
}
