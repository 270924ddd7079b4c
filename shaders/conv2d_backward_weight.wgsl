// dw[chunk, o, i, ky, kx] = sum of dy[b, o, oy, ox] * x[b, i, oy * stride + ky * dilation - padding, ...] over the rows of
// outputs (b, oy) of a chunk. column_sums adds the chunks.
//
// Shapes: as conv2d_forward; dw [chunks, groups group_out, group_in, kernel_height, kernel_width].
// Work:   one invocation four output by four input channels of a group, for one kernel element and one chunk.
//         Rows are added in order, so the result does not depend on scheduling.
// Memory: 8 loads for 16 multiply-adds.

//#include "lib/conv_params.wgsl"

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dw: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let taps = params.kernel_height * params.kernel_width;
  let in_tiles = (params.group_in + 3u) / 4u;
  let out_tiles = (params.group_out + 3u) / 4u;
  let per_chunk = taps * in_tiles * out_tiles * params.groups;
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (id >= per_chunk * params.chunks) {
    return;
  }
  let tap = id % taps;
  let first_in = id / taps % in_tiles * 4u;
  let first_out = id / (taps * in_tiles) % out_tiles * 4u;
  let group = id / (taps * in_tiles * out_tiles) % params.groups;
  let chunk = id / per_chunk;

  // Past the end, the last channel is computed again and not stored.
  let inputs = min(vec4u(0u, 1u, 2u, 3u) + first_in, vec4u(params.group_in - 1u));
  let outputs = min(vec4u(0u, 1u, 2u, 3u) + first_out, vec4u(params.group_out - 1u));
  let x_plane = params.height * params.width;
  let dy_plane = params.out_height * params.out_width;
  let rows = params.batch * params.out_height;
  let first_row = min(chunk * params.rows_per_chunk, rows);
  let end_row = min(first_row + params.rows_per_chunk, rows);

  var sums = array<vec4f, 4>();
  for (var row = first_row; row < end_row; row++) {
    let batch_group = row / params.out_height * params.groups + group;
    let oy = row % params.out_height;
    let x_at = (batch_group * params.group_in + inputs) * x_plane;
    let dy_at = (batch_group * params.group_out + outputs) * dy_plane + oy * params.out_width;
    for (var ox = 0u; ox < params.out_width; ox++) {
      let source = source_of(oy, ox, tap / params.kernel_width, tap % params.kernel_width);
      if (!is_inside(source)) {
        continue;
      }
      let pixel = x_at + u32(source.x) * params.width + u32(source.y);
      let values = vec4f(x[pixel.x], x[pixel.y], x[pixel.z], x[pixel.w]);
      sums[0] += dy[dy_at.x + ox] * values;
      sums[1] += dy[dy_at.y + ox] * values;
      sums[2] += dy[dy_at.z + ox] * values;
      sums[3] += dy[dy_at.w + ox] * values;
    }
  }

  for (var o = 0u; o < 4u && first_out + o < params.group_out; o++) {
    let channel = (chunk * params.groups + group) * params.group_out + outputs[o];
    for (var i = 0u; i < 4u && first_in + i < params.group_in; i++) {
      dw[(channel * params.group_in + inputs[i]) * taps + tap] = sums[o][i];
    }
  }
}
