// dx = w * rstd * (dy - db / n - xhat * dw / n), with xhat = (x - mean) * rstd, dw = sum of dy * xhat and
// db = sum of dy over the n elements of the channel. Without BATCH the statistics did not depend on x:
// dx = w * rstd * dy.
//
// Shapes: x, dy, dx [batch, channels, length]; stats [3, channels]; w, dw, db [channels]; sums [2, chunks, channels] of
//         batch_norm_backward_sums.wgsl. Element and Stat as in batch_norm_statistics.wgsl.
// Work:   one invocation a (part, channel): each adds the chunks for itself, which saves a launch; the first part stores
//         what they give.
// Memory: 12 bytes an element, 8 without BATCH, and 8 a chunk for each part.

//#include "lib/channel_walk.wgsl"

alias Element = f32;
alias Stat = f32;

struct Params {
  channels: u32,
  length: u32,
  total: u32,
  chunks: u32,
  parts: u32,
  // 1 / n
  scale: f32,
}

override WORKGROUP: u32 = 16u;
override BATCH: bool = true;
override HAS_WEIGHT: bool = true;
override WANTS_X: bool = true;
override WANTS_W: bool = true;
override WANTS_B: bool = true;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> dy: array<Element>;
@group(0) @binding(2) var<storage, read> stats: array<Stat>;
@group(0) @binding(3) var<storage, read> w: array<Stat>;
@group(0) @binding(4) var<storage, read> sums: array<Stat>;
@group(0) @binding(5) var<storage, read_write> dx: array<Element>;
@group(0) @binding(6) var<storage, read_write> dw: array<Stat>;
@group(0) @binding(7) var<storage, read_write> db: array<Stat>;
@group(0) @binding(8) var<uniform> params: Params;

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
  var weighted = Stat();
  var plain = Stat();
  if (BATCH || WANTS_W || WANTS_B) {
    let plane = params.chunks * params.channels;
    for (var at = channel; at < plane; at += params.channels) {
      weighted += sums[at];
      plain += sums[plane + at];
    }
  }
  if (WANTS_W && part == 0u) {
    dw[channel] = weighted;
  }
  if (WANTS_B && part == 0u) {
    db[channel] = plain;
  }
  if (!WANTS_X) {
    return;
  }
  let rstd = stats[2u * params.channels + channel];
  var scale = rstd;
  if (HAS_WEIGHT) {
    scale *= w[channel];
  }
  let mean = stats[channel];
  let residual = stats[params.channels + channel];
  let pull = weighted * params.scale * rstd;
  let shift = plain * params.scale;
  let stride = place_of(0u, params.parts);
  let visits = visits_of(part, params.parts);
  var place = place_of(channel, part);
  for (var visit = 0u; visit < visits; visit++) {
    var g = dy[place.offset];
    if (BATCH) {
      g -= shift + (x[place.offset] - mean - residual) * pull;
    }
    dx[place.offset] = g * scale;
    place = next_place(place, stride);
  }
}
