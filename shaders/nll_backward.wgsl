// dx_c = -g * W[t] * 1{c = t}, where g is dy, or dy / norm for a mean. Rows whose target is ignored or out of range get
// zero.
//
// Shapes: dx [outer, classes, inner]; targets [rows]; weight [classes]; dy [rows] where PER_ROW, else [1]; norm [1].
// Work:   invocations stride over the elements.
// Memory: 4 bytes an element.

struct Params {
  size: u32,
  classes: u32,
  inner: u32,
  ignore_index: u32,
}

override WORKGROUP: u32 = 64u;
override HAS_WEIGHT: bool = false;
override PER_ROW: bool = false;
override MEAN: bool = true;

@group(0) @binding(0) var<storage, read> targets: array<u32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> norm: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  for (var i = id.x; i < params.size; i += workgroups.x * WORKGROUP) {
    let class_index = i / params.inner % params.classes;
    let row = i / (params.inner * params.classes) * params.inner + i % params.inner;
    let label = targets[row];
    var d = 0.0;
    if (label == class_index && label != params.ignore_index) {
      d = -dy[select(0u, row, PER_ROW)];
      if (MEAN) {
        d /= norm[0];
      }
      if (HAS_WEIGHT) {
        d *= weight[label];
      }
    }
    dx[i] = d;
  }
}
