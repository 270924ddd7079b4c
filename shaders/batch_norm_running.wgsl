// Statistics of each channel from the running ones, in the layout of batch_norm_merge.wgsl.
//
// Shapes: running_mean, running_var [channels]; stats [3, channels]: mean, 0, 1 / sqrt(var + eps).
// Work:   one invocation a channel.
// Memory: 20 bytes a channel.

struct Params {
  channels: u32,
  eps: f32,
}

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> running_mean: array<f32>;
@group(0) @binding(1) var<storage, read> running_var: array<f32>;
@group(0) @binding(2) var<storage, read_write> stats: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let channel = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (channel >= params.channels) {
    return;
  }
  stats[channel] = running_mean[channel];
  stats[params.channels + channel] = 0.0;
  stats[2u * params.channels + channel] = inverseSqrt(running_var[channel] + params.eps);
}
