// dx = w * rstd * (dy - db / n - xhat * dw / n), with xhat = (x - mean) * rstd, dw = sum of dy * xhat and
// db = sum of dy over the n elements of the channel. Without BATCH the statistics did not depend on x:
// dx = w * rstd * dy.
//
// Shapes: x, dy, dx [batch, channels, length]; stats [3, channels]; w, dw, db [channels]. Element and Stat as in
//         batch_norm_statistics.wgsl.
// Work:   invocations stride over the Elements.
// Memory: 12 bytes an element; 8 without BATCH.

alias Element = f32;
alias Stat = f32;

struct Params {
  size: u32,
  channels: u32,
  length: u32,
  // 1 / n
  scale: f32,
}

override WORKGROUP: u32 = 64u;
override BATCH: bool = true;
override HAS_WEIGHT: bool = true;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> dy: array<Element>;
@group(0) @binding(2) var<storage, read> stats: array<Stat>;
@group(0) @binding(3) var<storage, read> w: array<Stat>;
@group(0) @binding(4) var<storage, read> dw: array<Stat>;
@group(0) @binding(5) var<storage, read> db: array<Stat>;
@group(0) @binding(6) var<storage, read_write> dx: array<Element>;
@group(0) @binding(7) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  for (var i = id.x; i < params.size; i += workgroups.x * WORKGROUP) {
    let channel = i / params.length % params.channels;
    let rstd = stats[2u * params.channels + channel];
    var scale = rstd;
    if (HAS_WEIGHT) {
      scale *= w[channel];
    }
    var g = dy[i];
    if (BATCH) {
      let xhat = (x[i] - stats[channel] - stats[params.channels + channel]) * rstd;
      g -= (db[channel] + xhat * dw[channel]) * params.scale;
    }
    dx[i] = g * scale;
  }
}
