// For each channel and each chunk of its elements: dw = sum of dy * xhat and db = sum of dy, with
// xhat = (x - mean) * rstd. chunk_sums.wgsl adds the chunks.
//
// Shapes: x, dy [batch, channels, length]; stats [3, channels]; dw, db [chunks, channels]. Element and Stat as in
//         batch_norm_statistics.wgsl.
// Work:   one invocation a (chunk, channel); neighbours read neighbouring elements. No barrier, no atomics.
// Memory: 8 bytes an element.

//#include "lib/across.wgsl"
//#include "lib/channel_walk.wgsl"

struct Params {
  channels: u32,
  length: u32,
  total: u32,
  chunks: u32,
}

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> dy: array<Element>;
@group(0) @binding(2) var<storage, read> stats: array<Stat>;
@group(0) @binding(3) var<storage, read_write> dw: array<Stat>;
@group(0) @binding(4) var<storage, read_write> db: array<Stat>;
@group(0) @binding(5) var<uniform> params: Params;

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
  let stride = place_of(0u, params.chunks);
  let visits = (params.total - chunk + params.chunks - 1u) / params.chunks;
  let mean = stats[channel];
  let residual = stats[params.channels + channel];
  var weighted = Element();
  var plain = Element();
  var place = place_of(channel, chunk);
  for (var visit = 0u; visit < visits; visit++) {
    let g = dy[place.offset];
    weighted += g * (x[place.offset] - mean - residual);
    plain += g;
    place = next_place(place, stride);
  }
  let at = chunk * params.channels + channel;
  dw[at] = across_sum(weighted) * stats[2u * params.channels + channel];
  db[at] = across_sum(plain);
}
