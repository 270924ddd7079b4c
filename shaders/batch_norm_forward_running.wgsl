// Outside of training: y = (x - running_mean) * rstd * w + b, with rstd = 1 / sqrt(running_var + eps).
//
// Shapes: x, y [batch, channels, length]; running_mean, running_var, w, b [channels]; stats [3, channels], for backward:
//         mean, 0, rstd. Element and Stat as in batch_norm_statistics.wgsl.
// Work:   one invocation a (part, channel); the first part stores the statistics, which may change before backward.
// Memory: 8 bytes an element.

//#include "lib/channel_walk.wgsl"

alias Element = f32;
alias Stat = f32;

struct Params {
  channels: u32,
  length: u32,
  total: u32,
  parts: u32,
  eps: f32,
}

override WORKGROUP: u32 = 16u;
override HAS_WEIGHT: bool = true;
override HAS_BIAS: bool = true;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> running_mean: array<Stat>;
@group(0) @binding(2) var<storage, read> running_var: array<Stat>;
@group(0) @binding(3) var<storage, read> w: array<Stat>;
@group(0) @binding(4) var<storage, read> b: array<Stat>;
@group(0) @binding(5) var<storage, read_write> y: array<Element>;
@group(0) @binding(6) var<storage, read_write> stats: array<Stat>;
@group(0) @binding(7) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (id >= params.parts * params.channels) {
    return;
  }
  let channel = channel_of(id, params.parts);
  let part = part_of(id, params.parts);
  let mean = running_mean[channel];
  let rstd = inverseSqrt(running_var[channel] + params.eps);
  if (part == 0u) {
    stats[channel] = mean;
    stats[params.channels + channel] = Stat();
    stats[2u * params.channels + channel] = rstd;
  }
  var scale = rstd;
  if (HAS_WEIGHT) {
    scale *= w[channel];
  }
  var shift = Stat();
  if (HAS_BIAS) {
    shift = b[channel];
  }
  let stride = place_of(0u, params.parts);
  let visits = visits_of(part, params.parts);
  var place = place_of(channel, part);
  for (var visit = 0u; visit < visits; visit++) {
    y[place.offset] = (x[place.offset] - mean) * scale + shift;
    place = next_place(place, stride);
  }
}
