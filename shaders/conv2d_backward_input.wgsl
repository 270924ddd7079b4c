// dx[b, i, iy, ix] = sum_{o, ky, kx} w[o, i, ky, kx] * dy[b, o, oy, ox] over the outputs that read (iy, ix) under (ky, kx):
// oy * stride + ky * dilation - padding = iy, and so for x.
//
// Shapes: as conv2d_forward.
// Work:   one invocation four input channels of a group at four neighbouring positions. Each dx is gathered: no atomics.
// Memory: 8 loads for 16 multiply-adds.

//#include "lib/conv_params.wgsl"
//#include "lib/window_of.wgsl"

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let positions = params.height * params.width;
  let position_tiles = (positions + 3u) / 4u;
  let channel_tiles = (params.group_in + 3u) / 4u;
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (id >= position_tiles * channel_tiles * params.groups * params.batch) {
    return;
  }
  let first = id % position_tiles * 4u;
  let in_group = id / position_tiles % channel_tiles * 4u;
  let group = id / (position_tiles * channel_tiles) % params.groups;
  let batch = id / (position_tiles * channel_tiles * params.groups);

  // Past the end, the last channel and the last position are computed again and not stored.
  let channels = min(vec4u(0u, 1u, 2u, 3u) + in_group, vec4u(params.group_in - 1u));
  let position = min(vec4u(0u, 1u, 2u, 3u) + first, vec4u(positions - 1u));
  let plane = params.out_height * params.out_width;
  let taps = params.kernel_height * params.kernel_width;
  let dy_start = (batch * params.groups + group) * params.group_out * plane;

  var sums = array<vec4f, 4>();
  for (var ky = 0u; ky < params.kernel_height; ky++) {
    for (var kx = 0u; kx < params.kernel_width; kx++) {
      var read = vec4<bool>();
      var dy_at = vec4u();
      for (var i = 0u; i < 4u; i++) {
        let oy = window_of(position[i] / params.width, params.padding_y, ky, params.dilation_y, params.stride_y, params.out_height);
        let ox = window_of(position[i] % params.width, params.padding_x, kx, params.dilation_x, params.stride_x, params.out_width);
        read[i] = oy >= 0 && ox >= 0;
        dy_at[i] = dy_start + select(0u, u32(oy) * params.out_width + u32(ox), read[i]);
      }
      if (!any(read)) {
        continue;
      }
      var w_at = (group * params.group_out * params.group_in + channels) * taps + ky * params.kernel_width + kx;
      for (var channel = 0u; channel < params.group_out; channel++) {
        let values = select(vec4f(), vec4f(dy[dy_at.x], dy[dy_at.y], dy[dy_at.z], dy[dy_at.w]), read);
        sums[0] += w[w_at.x] * values;
        sums[1] += w[w_at.y] * values;
        sums[2] += w[w_at.z] * values;
        sums[3] += w[w_at.w] * values;
        dy_at += plane;
        w_at += params.group_in * taps;
      }
    }
  }

  for (var c = 0u; c < 4u && in_group + c < params.group_in; c++) {
    let dx_at = ((batch * params.groups + group) * params.group_in + channels[c]) * positions + first;
    for (var i = 0u; i < 4u && first + i < positions; i++) {
      dx[dx_at + i] = sums[c][i];
    }
  }
}
