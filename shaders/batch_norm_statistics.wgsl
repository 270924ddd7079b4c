// For each channel and each chunk of its elements: the mean, what rounding left off the mean, and the sum of squared
// deviations. batch_norm_forward.wgsl puts the chunks together.
//
// Shapes: x [batch, channels, length], chunk_stats [3, chunks, channels]. Element and Stat are f32; Element is vec4f where
//         length counts fours; both are vec4f where length is 1 and channels counts fours.
// Work:   SHARERS invocations a (chunk, channel); neighbours read neighbouring elements. On software adapters SHARERS is
//         1, and no barrier is left.
// Memory: 4 bytes an element (a chunk is read twice; the second time it is in cache).
// Source: corrected two-pass algorithm, Chan, Golub and LeVeque, "Algorithms for Computing the Sample Variance", 1983.

//#include "lib/moments.wgsl"
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
override SHARERS: u32 = 1u;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> chunk_stats: array<Stat>;
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> all_moments: array<Moments, WORKGROUP>;

fn moments_of(channel: u32, part: u32, parts: u32) -> Moments {
  let first = place_of(channel, part);
  let stride = place_of(0u, parts);
  let visits = visits_of(part, parts);
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
  // Rounding may leave it below 0. What max hides of NaN, the mean keeps.
  return Moments(count, mean, residual, max(across_sum(squares) - count * residual * residual, Stat(0.0)));
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let columns = WORKGROUP / SHARERS;
  let id = (workgroup.x + workgroup.y * workgroups.x) * columns + lane % columns;
  // Those past the last do its work again: the barrier wants all of them.
  let computed = min(id, params.chunks * params.channels - 1u);
  let channel = channel_of(computed, params.chunks);
  let chunk = part_of(computed, params.chunks);
  var moments = moments_of(channel, chunk * SHARERS + lane / columns, params.chunks * SHARERS);
  if (SHARERS > 1u) {
    all_moments[lane] = moments;
    workgroupBarrier();
    if (lane < columns) {
      for (var other = lane + columns; other < WORKGROUP; other += columns) {
        moments = merged(moments, all_moments[other]);
      }
    }
  }
  if (lane >= columns || id >= params.chunks * params.channels) {
    return;
  }
  let plane = params.chunks * params.channels;
  let at = chunk * params.channels + channel;
  chunk_stats[at] = moments.mean;
  chunk_stats[plane + at] = moments.residual;
  chunk_stats[2u * plane + at] = moments.squares;
}
