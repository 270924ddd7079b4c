// Statistics of each channel from those of its chunks, and the running statistics:
//   mean = pivot + residual, kept as two numbers so that x - mean keeps its digits; rstd = 1 / sqrt(var + eps);
//   with TRACK: running_mean += momentum * (mean - running_mean), running_var likewise with the unbiased variance.
//
// Shapes: chunk_stats [3, chunks, channels]; stats [3, channels]: pivot, residual, rstd; running_mean, running_var [channels].
// Work:   one invocation a channel; the chunks in order.
// Memory: 24 bytes a chunk and channel.
// Source: Chan, Golub and LeVeque 1983, all chunks at once: M2 = sum of M2_k + n_k * (mean_k - mean)^2.

//#include "lib/unit_scalar.wgsl"

alias Stat = f32;

struct Params {
  channels: u32,
  total: u32,
  width: u32,
  chunks: u32,
  count: f32,
  eps: f32,
  // Below 0 where held_momentum holds it.
  momentum: f32,
}

override WORKGROUP: u32 = 16u;
override TRACK: bool = true;

@group(0) @binding(0) var<storage, read> chunk_stats: array<Stat>;
@group(0) @binding(1) var<storage, read_write> stats: array<Stat>;
@group(0) @binding(2) var<storage, read_write> running_mean: array<Stat>;
@group(0) @binding(3) var<storage, read_write> running_var: array<Stat>;
@group(0) @binding(4) var<uniform> held_momentum: f32;
@group(0) @binding(5) var<uniform> params: Params;

fn count_of(chunk: u32) -> f32 {
  return f32((params.total - chunk + params.chunks - 1u) / params.chunks * params.width);
}

// How far a chunk's mean lies from the pivot, which is the rounded mean of chunk 0.
fn deviation(chunk: u32, channel: u32) -> Stat {
  let at = chunk * params.channels + channel;
  return (chunk_stats[at] - chunk_stats[channel]) + chunk_stats[params.chunks * params.channels + at];
}

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
  var weighted = Stat();
  for (var chunk = 0u; chunk < params.chunks; chunk++) {
    weighted += count_of(chunk) * deviation(chunk, channel);
  }
  let residual = weighted / params.count;
  var squares = Stat();
  for (var chunk = 0u; chunk < params.chunks; chunk++) {
    let d = deviation(chunk, channel) - residual;
    squares += chunk_stats[(2u * params.chunks + chunk) * params.channels + channel] + count_of(chunk) * d * d;
  }
  let pivot = chunk_stats[channel];
  stats[channel] = pivot;
  stats[params.channels + channel] = residual;
  stats[2u * params.channels + channel] = inverseSqrt(squares / params.count + params.eps);
  if (TRACK) {
    let unbiased = squares / (params.count - 1.0);
    let momentum = unit_scalar(params.momentum, held_momentum);
    running_mean[channel] += momentum * (pivot - running_mean[channel] + residual);
    running_var[channel] += momentum * (unbiased - running_var[channel]);
  }
}
