// y[i, j] = sum_p a[i, p] * b[p, j], for every batch, then lib/matmul_finish.wgsl.
//
// Shapes: a [m, k], b [k, n], y [m, n], f32 or f16; any strides, any batch strides.
// Work:   one invocation an output. The oracle of the other matmul kernels, and what runs when k = 0.
// Memory: 8 k bytes an output: nothing is reused.

//#include "lib/matmul_params.wgsl"

override WORKGROUP: u32 = 64u;

// In memory: half as wide for f16.
alias StoredA = f32;
alias StoredB = f32;

@group(0) @binding(0) var<storage, read> a: array<StoredA>;
@group(0) @binding(1) var<storage, read> b: array<StoredB>;

//#include "lib/matmul_finish.wgsl"
//#include "lib/matmul_row_sums.wgsl"

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (id >= params.m * params.n * params.batches) {
    return;
  }
  let col = id % params.n;
  let row = id / params.n % params.m;
  let batch = id / (params.m * params.n);
  let a_at = a_start(batch) + row * params.a_row;
  let b_at = b_start(batch) + col * params.b_col;
  var sum = 0.0;
  for (var p = 0u; p < params.k; p++) {
    sum += f32(a[a_at + p * params.a_col]) * f32(b[b_at + p * params.b_row]);
  }
  finish_at(params.y_offset + id, col, sum);
  sum_rows(batch, row, 1u, col);
}
