// The loss of each row: with t the target, W the class weights, e the label smoothing, p = softmax(x),
//   loss = -(1 - e) * W[t] * log p[t] - e / cols * sum_j W[j] * log p[j];  norm = W[t];  lse = log sum_j exp(x_j).
// Rows whose target is ignore_index have loss = norm = 0. With LOG_PROBS x holds log p already, and lse is 0.
//
// Shapes: x [rows, cols]; targets [rows], u32 bits; class_weights [cols]; losses, norms, lse [rows].
// Work:   one invocation a row.
// Memory: 4 bytes an element (the second read of a row is in cache).

//#include "lib/numerics.wgsl"
//#include "lib/natural_log.wgsl"
//#include "lib/index_check.wgsl"

struct Params {
  rows: u32,
  cols: u32,
  ignore_index: u32,
  smoothing: f32,
}

override WORKGROUP: u32 = 16u;
override HAS_WEIGHTS: bool = false;
override LOG_PROBS: bool = false;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> class_weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
@group(0) @binding(4) var<storage, read_write> norms: array<f32>;
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;
@group(0) @binding(6) var<storage, read_write> faults: IndexFaults;
@group(0) @binding(7) var<uniform> params: Params;

fn weight_of(class_index: u32) -> f32 {
  if (HAS_WEIGHTS) {
    return class_weights[class_index];
  }
  return 1.0;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (row >= params.rows) {
    return;
  }
  let t = targets[row];
  losses[row] = 0.0;
  norms[row] = 0.0;
  lse[row] = 0.0;
  if (t == params.ignore_index || !check_index(t, params.cols, row)) {
    return;
  }
  let start = row * params.cols;
  var log_sum = 0.0;
  if (!LOG_PROBS) {
    var highest = LOWEST;
    for (var j = 0u; j < params.cols; j++) {
      highest = max(highest, x[start + j]);
    }
    var sum = 0.0;
    for (var j = 0u; j < params.cols; j++) {
      sum += exp(x[start + j] - highest);
    }
    log_sum = highest + natural_log(sum);
  }
  let w = weight_of(t);
  var loss = (1.0 - params.smoothing) * w * (log_sum - x[start + t]);
  if (params.smoothing > 0.0) {
    var smooth_loss = 0.0;
    for (var j = 0u; j < params.cols; j++) {
      smooth_loss += weight_of(j) * (log_sum - x[start + j]);
    }
    loss += params.smoothing / f32(params.cols) * smooth_loss;
  }
  losses[row] = loss;
  norms[row] = w;
  lse[row] = log_sum;
}
