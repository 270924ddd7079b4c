// y = (x - mean) * rstd * w + b, with the mean in two parts and all of them by channel.
//
// Shapes: x, y [batch, channels, length]; stats [3, channels]: mean, the rest of the mean, rstd; w, b [channels].
//         Element and Stat as in batch_norm_statistics.wgsl.
// Work:   invocations stride over the Elements.
// Memory: 8 bytes an element.

alias Element = f32;
alias Stat = f32;

struct Params {
  size: u32,
  channels: u32,
  length: u32,
}

override WORKGROUP: u32 = 64u;
override HAS_WEIGHT: bool = true;
override HAS_BIAS: bool = true;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> stats: array<Stat>;
@group(0) @binding(2) var<storage, read> w: array<Stat>;
@group(0) @binding(3) var<storage, read> b: array<Stat>;
@group(0) @binding(4) var<storage, read_write> y: array<Element>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  for (var i = id.x; i < params.size; i += workgroups.x * WORKGROUP) {
    let channel = i / params.length % params.channels;
    var scale = stats[2u * params.channels + channel];
    if (HAS_WEIGHT) {
      scale *= w[channel];
    }
    var value = (x[i] - stats[channel] - stats[params.channels + channel]) * scale;
    if (HAS_BIAS) {
      value += b[channel];
    }
    y[i] = value;
  }
}
