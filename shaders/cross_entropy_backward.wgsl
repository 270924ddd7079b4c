// dx_j = dy / norm * [ (1 - e) * W[t] * (p_j - 1{j = t}) + e / cols * (p_j * sum_c W[c] - W[j]) ], p = exp(x - lse).
// With LOG_PROBS x holds log p, and the loss reads it directly: dx_j = -dy / norm * W[t] * 1{j = t}.
// Rows whose target is ignored or out of range get zero.
//
// Shapes: x, dx [rows, cols]; targets, lse [rows]; class_weights [cols]; dy [rows] where PER_ROW, else [1]; norm [1].
// Work:   one invocation a row.
// Memory: 8 bytes an element.

struct Params {
  rows: u32,
  cols: u32,
  ignore_index: u32,
  smoothing: f32,
}

override WORKGROUP: u32 = 16u;
override HAS_WEIGHTS: bool = false;
override LOG_PROBS: bool = false;
override PER_ROW: bool = false;
override MEAN: bool = true;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> class_weights: array<f32>;
@group(0) @binding(3) var<storage, read> lse: array<f32>;
@group(0) @binding(4) var<storage, read> norm: array<f32>;
@group(0) @binding(5) var<storage, read> dy: array<f32>;
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;
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
  let start = row * params.cols;
  let t = targets[row];
  if (t == params.ignore_index || t >= params.cols) {
    for (var j = 0u; j < params.cols; j++) {
      dx[start + j] = 0.0;
    }
    return;
  }
  var scale = dy[select(0u, row, PER_ROW)];
  if (MEAN) {
    scale /= norm[0];
  }
  let hard = (1.0 - params.smoothing) * weight_of(t);
  if (LOG_PROBS) {
    for (var j = 0u; j < params.cols; j++) {
      dx[start + j] = select(0.0, -scale * hard, j == t);
    }
    return;
  }
  let soft = params.smoothing / f32(params.cols);
  var total = f32(params.cols);
  if (HAS_WEIGHTS && params.smoothing > 0.0) {
    total = 0.0;
    for (var j = 0u; j < params.cols; j++) {
      total += class_weights[j];
    }
  }
  let log_sum = lse[row];
  for (var j = 0u; j < params.cols; j++) {
    let p = exp(x[start + j] - log_sum);
    let hot = select(0.0, hard, j == t);
    dx[start + j] = scale * (hard * p - hot + soft * (p * total - weight_of(j)));
  }
}
