// dx = rstd * (g - mean(g) - xhat * mean(g * xhat)) along each row, with g = w * dy and xhat = (x - mean) * rstd.
// Without CENTER (RMS norm) the term mean(g) drops out.
//
// Shapes: x, dy, dx [rows, cols]; w [cols]; stats [rows], from layer_norm_forward.wgsl.
// Work:   one invocation a row: no barrier.
// Memory: 12 bytes an element (the second read of a row is in cache).

//#include "lib/row_norm.wgsl"

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> w: array<Element>;
@group(0) @binding(2) var<storage, read> dy: array<Element>;
@group(0) @binding(3) var<storage, read> stats: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dx: array<Element>;
@group(0) @binding(5) var<uniform> params: Params;

fn weighted(i: u32, j: u32) -> Element {
  if (HAS_WEIGHT) {
    return dy[i] * w[j];
  }
  return dy[i];
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
  let s = stats[row];
  var sum = Element();
  var dot = Element();
  for (var j = 0u; j < params.cols; j++) {
    let g = weighted(start + j, j);
    sum += g;
    dot += g * ((x[start + j] - s.x - s.y) * s.z);
  }
  var mean_g = 0.0;
  if (CENTER) {
    mean_g = across_sum(sum) * params.scale;
  }
  let mean_dot = across_sum(dot) * params.scale;
  for (var j = 0u; j < params.cols; j++) {
    let xhat = (x[start + j] - s.x - s.y) * s.z;
    dx[start + j] = s.z * (weighted(start + j, j) - mean_g - xhat * mean_dot);
  }
}
