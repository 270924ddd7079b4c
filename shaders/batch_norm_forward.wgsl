// In training: the statistics of each channel from those of its chunks, then
//   y = (x - mean - residual) * rstd * w + b, with rstd = 1 / sqrt(var + eps),
// and with TRACK: running_mean += momentum * (mean - running_mean), running_var likewise with the unbiased variance.
//
// Shapes: x, y [batch, channels, length]; chunk_stats [3, chunks, channels] of batch_norm_statistics.wgsl; w, b,
//         running_mean, running_var [channels]; stats [3, channels], for backward: mean, residual, rstd. Element and Stat
//         as there.
// Work:   one invocation a (part, channel): each merges the chunks for itself, which saves a launch; the first part
//         stores what they give.
// Memory: 8 bytes an element, and 12 a chunk for each part.

//#include "lib/moments.wgsl"
//#include "lib/channel_walk.wgsl"
//#include "lib/unit_scalar.wgsl"

struct Params {
  channels: u32,
  length: u32,
  total: u32,
  width: u32,
  chunks: u32,
  // How many invocations shared a chunk.
  sharers: u32,
  parts: u32,
  eps: f32,
  // Below 0 where held_momentum holds it.
  momentum: f32,
}

override WORKGROUP: u32 = 16u;
override HAS_WEIGHT: bool = true;
override HAS_BIAS: bool = true;
override TRACK: bool = true;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> chunk_stats: array<Stat>;
@group(0) @binding(2) var<storage, read> w: array<Stat>;
@group(0) @binding(3) var<storage, read> b: array<Stat>;
@group(0) @binding(4) var<storage, read_write> y: array<Element>;
@group(0) @binding(5) var<storage, read_write> stats: array<Stat>;
@group(0) @binding(6) var<storage, read_write> running_mean: array<Stat>;
@group(0) @binding(7) var<storage, read_write> running_var: array<Stat>;
@group(0) @binding(8) var<uniform> held_momentum: f32;
@group(0) @binding(9) var<uniform> params: Params;

// Elements at j with j % (chunks * sharers) / sharers = chunk.
fn count_of(chunk: u32) -> f32 {
  let cycle = params.chunks * params.sharers;
  let first = chunk * params.sharers;
  let elements = params.total / cycle * params.sharers + min(max(params.total % cycle, first) - first, params.sharers);
  return f32(elements * params.width);
}

fn moments_of(channel: u32) -> Moments {
  let plane = params.chunks * params.channels;
  var moments = Moments(count_of(0u), chunk_stats[channel], chunk_stats[plane + channel], chunk_stats[2u * plane + channel]);
  for (var chunk = 1u; chunk < params.chunks; chunk++) {
    let at = chunk * params.channels + channel;
    moments = merged(moments, Moments(count_of(chunk), chunk_stats[at], chunk_stats[plane + at], chunk_stats[2u * plane + at]));
  }
  return moments;
}

fn store(channel: u32, moments: Moments, rstd: Stat) {
  stats[channel] = moments.mean;
  stats[params.channels + channel] = moments.residual;
  stats[2u * params.channels + channel] = rstd;
  if (TRACK) {
    let unbiased = moments.squares / (moments.count - 1.0);
    let momentum = unit_scalar(params.momentum, held_momentum);
    running_mean[channel] += momentum * (moments.mean - running_mean[channel] + moments.residual);
    running_var[channel] += momentum * (unbiased - running_var[channel]);
  }
}

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
  let moments = moments_of(channel);
  let rstd = inverseSqrt(moments.squares / moments.count + params.eps);
  if (part == 0u) {
    store(channel, moments, rstd);
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
    y[place.offset] = (x[place.offset] - moments.mean - moments.residual) * scale + shift;
    place = next_place(place, stride);
  }
}
