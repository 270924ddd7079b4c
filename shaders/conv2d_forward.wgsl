// y[b, o, oy, ox] = bias[o] + sum_{i, ky, kx} w[o, i, ky, kx] * x[b, i, oy * stride + ky * dilation - padding, ...]
//
// Shapes: x [batch, groups group_in, height, width], w [groups group_out, group_in, kernel_height, kernel_width],
//         bias [groups group_out], y [batch, groups group_out, out_height, out_width], f32; x is 0 in the padding.
// Work:   one invocation four output channels of a group at four neighbouring positions. No workgroup memory.
// Memory: 8 loads for 16 multiply-adds; where a kernel element falls is worked out once for all channels.

//#include "lib/conv_params.wgsl"

override WORKGROUP: u32 = 16u;
override HAS_BIAS: bool = true;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let positions = params.out_height * params.out_width;
  let position_tiles = (positions + 3u) / 4u;
  let channel_tiles = (params.group_out + 3u) / 4u;
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (id >= position_tiles * channel_tiles * params.groups * params.batch) {
    return;
  }
  let first = id % position_tiles * 4u;
  let in_group = id / position_tiles % channel_tiles * 4u;
  let group = id / (position_tiles * channel_tiles) % params.groups;
  let batch = id / (position_tiles * channel_tiles * params.groups);

  // Past the end, the last channel and the last position are computed again and not stored.
  let channels = group * params.group_out + min(vec4u(0u, 1u, 2u, 3u) + in_group, vec4u(params.group_out - 1u));
  let position = min(vec4u(0u, 1u, 2u, 3u) + first, vec4u(positions - 1u));
  let plane = params.height * params.width;
  let taps = params.kernel_height * params.kernel_width;
  let x_start = (batch * params.groups + group) * params.group_in * plane;

  var sums = array<vec4f, 4>();
  if (HAS_BIAS) {
    sums = array(vec4f(bias[channels.x]), vec4f(bias[channels.y]), vec4f(bias[channels.z]), vec4f(bias[channels.w]));
  }
  for (var ky = 0u; ky < params.kernel_height; ky++) {
    for (var kx = 0u; kx < params.kernel_width; kx++) {
      var inside = vec4<bool>();
      var x_at = vec4u();
      for (var i = 0u; i < 4u; i++) {
        let source = source_of(position[i] / params.out_width, position[i] % params.out_width, ky, kx);
        inside[i] = is_inside(source);
        x_at[i] = x_start + select(0u, u32(source.x) * params.width + u32(source.y), inside[i]);
      }
      var w_at = channels * params.group_in * taps + ky * params.kernel_width + kx;
      for (var channel = 0u; channel < params.group_in; channel++) {
        let values = select(vec4f(), vec4f(x[x_at.x], x[x_at.y], x[x_at.z], x[x_at.w]), inside);
        sums[0] += w[w_at.x] * values;
        sums[1] += w[w_at.y] * values;
        sums[2] += w[w_at.z] * values;
        sums[3] += w[w_at.w] * values;
        x_at += plane;
        w_at += taps;
      }
    }
  }

  for (var c = 0u; c < 4u && in_group + c < params.group_out; c++) {
    let y_at = (batch * params.groups * params.group_out + channels[c]) * positions + first;
    for (var i = 0u; i < 4u && first + i < positions; i++) {
      y[y_at + i] = sums[c][i];
    }
  }
}
