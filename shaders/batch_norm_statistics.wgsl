// For each channel and each chunk of its elements: the mean, what rounding left off the mean, and the sum of squared
// deviations. batch_norm_merge.wgsl puts the chunks together.
//
// Shapes: x [batch, channels, length], chunk_stats [3, chunks, channels]. Element and Stat are f32; Element is vec4f where
//         length counts fours; both are vec4f where length is 1 and channels counts fours.
// Work:   one invocation a (chunk, channel); neighbours read neighbouring elements. No barrier.
// Memory: 4 bytes an element (a chunk is read twice; the second time it is in cache).
// Source: corrected two-pass algorithm, Chan, Golub and LeVeque, "Algorithms for Computing the Sample Variance", 1983.

//#include "lib/across.wgsl"
//#include "lib/channel_walk.wgsl"

struct Params {
  channels: u32,
  length: u32,
  // Elements of one channel, and values in one Element of a channel.
  total: u32,
  width: u32,
  chunks: u32,
}

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> chunk_stats: array<Stat>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (id >= params.chunks * params.channels) {
    return;
  }
  let channel = channel_of(id);
  let chunk = chunk_of(id);
  let first = place_of(channel, chunk);
  let stride = place_of(0u, params.chunks);
  let visits = (params.total - chunk + params.chunks - 1u) / params.chunks;
  let count = f32(visits * params.width);

  var sum = Element();
  var place = first;
  for (var visit = 0u; visit < visits; visit++) {
    sum += x[place.offset];
    place = next_place(place, stride);
  }
  let mean = across_sum(sum) / count;
  var drift = Element();
  var squares = Element();
  place = first;
  for (var visit = 0u; visit < visits; visit++) {
    let d = x[place.offset] - mean;
    drift += d;
    squares += d * d;
    place = next_place(place, stride);
  }
  let residual = across_sum(drift) / count;
  let plane = params.chunks * params.channels;
  let at = chunk * params.channels + channel;
  chunk_stats[at] = mean;
  chunk_stats[plane + at] = residual;
  // Rounding may leave it below 0. What max hides of NaN, the mean keeps.
  chunk_stats[2u * plane + at] = max(across_sum(squares) - count * residual * residual, Stat(0.0));
}
