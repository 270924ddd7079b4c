// dx_c = g * (exp(x_c - max(x)) * factor - e / classes * W[c] - (1 - e) * W[t] * 1{c = t}), where g is dy, or dy / norm
// for a mean, and factor = ((1 - e) * W[t] + e / classes * sum_k W[k]) / sum_k exp(x_k - max(x)). See
// lib/cross_entropy.wgsl. Rows whose target is ignored or out of range get zero.
//
// Shapes: x, dx [outer, classes, inner], a row along the classes; targets, stats [rows]; weight [classes]; dy [rows]
//         where PER_ROW, else [1]; norm [1]. Element is f32, or vec4f of one row where inner is 1.
// Work:   LANES invocations a row, which take neighbouring classes; no barrier.
// Memory: 8 bytes an element.

//#include "lib/cross_entropy.wgsl"

override WORKGROUP: u32 = 16u;
override LANES: u32 = 1u;
override PER_ROW: bool = false;
override MEAN: bool = true;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> weight: array<Element>;
@group(0) @binding(3) var<storage, read> stats: array<vec2f>;
@group(0) @binding(4) var<storage, read> norm: array<f32>;
@group(0) @binding(5) var<storage, read> dy: array<f32>;
@group(0) @binding(6) var<storage, read_write> dx: array<Element>;
@group(0) @binding(7) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  let row = id / LANES;
  if (row >= params.rows) {
    return;
  }
  let start = row_start(row);
  let label = targets[row];
  if (label == params.ignore_index || label >= params.classes) {
    for (var c = id % LANES; c < params.extent; c += LANES) {
      dx[start + c * params.inner] = Element();
    }
    return;
  }
  var g = dy[select(0u, row, PER_ROW)];
  if (MEAN) {
    g /= norm[0];
  }
  let highest = stats[row].x;
  let factor = g * stats[row].y;
  let hot = g * (1.0 - params.smoothing) * weight_of(label);
  let share = g * params.smoothing / f32(params.classes);
  for (var c = id % LANES; c < params.extent; c += LANES) {
    let i = start + c * params.inner;
    var d = exp(x[i] - highest) * factor - hot * one_hot(label - c * WIDTH);
    if (SMOOTH) {
      d -= share * weights_at(c);
    }
    dx[i] = d;
  }
}
