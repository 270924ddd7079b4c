// y[target + i] = sum over c of partials[start + c * stride + i]: the last step of many gradients in one launch.
//
// Shapes: partials and y any f32 memory; table [workgroups, 5]: start, stride, chunks, target, count of one workgroup.
// Work:   one invocation an element; the chunks in order.
// Memory: 4 bytes a chunk and element.

struct Params {
  rows: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> partials: array<f32>;
@group(0) @binding(1) var<storage, read> table: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

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
  let stride = table[5u * row + 1u];
  let chunks = table[5u * row + 2u];
  if (lane >= table[5u * row + 4u]) {
    return;
  }
  var at = table[5u * row] + lane;
  var sum = 0.0;
  for (var chunk = 0u; chunk < chunks; chunk++) {
    sum += partials[at];
    at += stride;
  }
  y[table[5u * row + 3u] + lane] = sum;
}
