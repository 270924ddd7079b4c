// layer_norm_backward.wgsl for adapters that want parallelism within a row.
//
// Shapes: x, dy, dx [rows, cols]; w [cols]; stats [rows].
// Work:   one workgroup a row: lanes take neighbouring elements, then trees over workgroup memory.
// Memory: 12 bytes an element (the second read of a row is in cache).

//#include "lib/row_norm.wgsl"
//#include "lib/workgroup_reduce.wgsl"

override WORKGROUP: u32 = 64u;

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
  let row = workgroup.x + workgroup.y * workgroups.x;
  if (row >= params.rows) {
    return;
  }
  let start = row * params.cols;
  let s = stats[row];
  var sum = Element();
  var dot = Element();
  for (var j = lane; j < params.cols; j += WORKGROUP) {
    let g = weighted(start + j, j);
    sum += g;
    dot += g * ((x[start + j] - s.x - s.y) * s.z);
  }
  var mean_g = 0.0;
  if (CENTER) {
    mean_g = workgroup_sum(lane, across_sum(sum)) * params.scale;
  }
  let mean_dot = workgroup_sum(lane, across_sum(dot)) * params.scale;
  for (var j = lane; j < params.cols; j += WORKGROUP) {
    let xhat = (x[start + j] - s.x - s.y) * s.z;
    dx[start + j] = s.z * (weighted(start + j, j) - mean_g - xhat * mean_dot);
  }
}
