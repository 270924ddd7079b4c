// For each channel and each chunk of its elements: sum of dy * xhat and sum of dy, with xhat = (x - mean) * rstd.
// batch_norm_backward.wgsl adds the chunks.
//
// Shapes: x, dy [batch, channels, length]; stats [3, channels]; sums [2, chunks, channels]. Element and Stat as in
//         batch_norm_statistics.wgsl.
// Work:   SHARERS invocations a (chunk, channel); neighbours read neighbouring elements. On software adapters SHARERS is
//         1, and no barrier is left.
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
override SHARERS: u32 = 1u;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> dy: array<Element>;
@group(0) @binding(2) var<storage, read> stats: array<Stat>;
@group(0) @binding(3) var<storage, read_write> sums: array<Stat>;
@group(0) @binding(4) var<uniform> params: Params;

struct Sums {
  weighted: Stat,
  plain: Stat,
}

var<workgroup> all_sums: array<Sums, WORKGROUP>;

fn sums_of(channel: u32, part: u32, parts: u32) -> Sums {
  let stride = place_of(0u, parts);
  let visits = visits_of(part, parts);
  let mean = stats[channel];
  let residual = stats[params.channels + channel];
  var weighted = Element();
  var plain = Element();
  var place = place_of(channel, part);
  for (var visit = 0u; visit < visits; visit++) {
    let g = dy[place.offset];
    weighted += g * (x[place.offset] - mean - residual);
    plain += g;
    place = next_place(place, stride);
  }
  return Sums(across_sum(weighted) * stats[2u * params.channels + channel], across_sum(plain));
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
  var own = sums_of(channel, chunk * SHARERS + lane / columns, params.chunks * SHARERS);
  if (SHARERS > 1u) {
    all_sums[lane] = own;
    workgroupBarrier();
    if (lane < columns) {
      for (var other = lane + columns; other < WORKGROUP; other += columns) {
        own.weighted += all_sums[other].weighted;
        own.plain += all_sums[other].plain;
      }
    }
  }
  if (lane >= columns || id >= params.chunks * params.channels) {
    return;
  }
  let at = chunk * params.channels + channel;
  sums[at] = own.weighted;
  sums[params.chunks * params.channels + at] = own.plain;
}
