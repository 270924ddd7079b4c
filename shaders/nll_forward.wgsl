// loss = -W[t] * x[t] of each row, x being log-probabilities, t the target and W the class weights; norm = W[t]. Rows
// whose target is ignore_index have loss = norm = 0.
//
// Shapes: x [outer, classes, inner], a row along the classes; targets [rows], u32 bits; weight [classes]; losses, norms
//         [partials]: invocation k sums rows k, k + partials, ... With partials = rows, one each.
// Work:   one invocation a row at a time.
// Memory: 8 bytes a row.

//#include "lib/index_check.wgsl"

struct Params {
  rows: u32,
  classes: u32,
  inner: u32,
  partials: u32,
  ignore_index: u32,
}

override WORKGROUP: u32 = 16u;
override HAS_WEIGHT: bool = false;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
@group(0) @binding(4) var<storage, read_write> norms: array<f32>;
@group(0) @binding(5) var<storage, read_write> faults: IndexFaults;
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (id >= params.partials) {
    return;
  }
  var loss = 0.0;
  var norm = 0.0;
  for (var row = id; row < params.rows; row += params.partials) {
    let label = targets[row];
    if (label == params.ignore_index || !check_index(label, params.classes, row)) {
      continue;
    }
    var w = 1.0;
    if (HAS_WEIGHT) {
      w = weight[label];
    }
    loss -= w * x[(row / params.inner * params.classes + label) * params.inner + row % params.inner];
    norm += w;
  }
  losses[id] = loss;
  norms[id] = norm;
}
