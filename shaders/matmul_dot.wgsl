// y[i, j] = sum_p a[i, p] * b[j, p], for every batch, then lib/matmul_finish.wgsl: b is stored transposed, both are read along k.
//
// Shapes: a [m, k] and b [n, k] with contiguous rows, k and every stride a multiple of 4; y [m, n], f32 or f16.
// Work:   one invocation a 4x4 tile of inner products, four terms of k at once. For few rows, where transposing b first
//         costs more than it saves: the rows of one token against a weight [out, in].
// Memory: a step of 4 p loads 8 vec4s for 64 multiply-adds, but lanes read b far apart.

//#include "lib/matmul_params.wgsl"

override WORKGROUP: u32 = 8u;

// In memory: half as wide for f16.
alias StoredA = vec4f;
alias StoredB = vec4f;

@group(0) @binding(0) var<storage, read> a: array<StoredA>;
@group(0) @binding(1) var<storage, read> b: array<StoredB>;

//#include "lib/matmul_finish.wgsl"

fn total(v: vec4f) -> f32 {
  return (v.x + v.y) + (v.z + v.w);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile_cols = (params.n + 3u) / 4u;
  let tile_rows = (params.m + 3u) / 4u;
  let tile = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  let batch = tile / (tile_cols * tile_rows);
  if (batch >= params.batches) {
    return;
  }
  let row = tile / tile_cols % tile_rows * 4u;
  let col = tile % tile_cols * 4u;

  let a_at = a_start(batch);
  let row0 = (a_at + min(row + 0u, params.m - 1u) * params.a_row) / 4u;
  let row1 = (a_at + min(row + 1u, params.m - 1u) * params.a_row) / 4u;
  let row2 = (a_at + min(row + 2u, params.m - 1u) * params.a_row) / 4u;
  let row3 = (a_at + min(row + 3u, params.m - 1u) * params.a_row) / 4u;
  let b_at = b_start(batch);
  let col0 = (b_at + min(col + 0u, params.n - 1u) * params.b_col) / 4u;
  let col1 = (b_at + min(col + 1u, params.n - 1u) * params.b_col) / 4u;
  let col2 = (b_at + min(col + 2u, params.n - 1u) * params.b_col) / 4u;
  let col3 = (b_at + min(col + 3u, params.n - 1u) * params.b_col) / 4u;

  var s00 = vec4f();
  var s01 = vec4f();
  var s02 = vec4f();
  var s03 = vec4f();
  var s10 = vec4f();
  var s11 = vec4f();
  var s12 = vec4f();
  var s13 = vec4f();
  var s20 = vec4f();
  var s21 = vec4f();
  var s22 = vec4f();
  var s23 = vec4f();
  var s30 = vec4f();
  var s31 = vec4f();
  var s32 = vec4f();
  var s33 = vec4f();
  for (var p = 0u; p < params.k / 4u; p++) {
    let b0 = vec4f(b[col0 + p]);
    let b1 = vec4f(b[col1 + p]);
    let b2 = vec4f(b[col2 + p]);
    let b3 = vec4f(b[col3 + p]);
    let a0 = vec4f(a[row0 + p]);
    s00 += a0 * b0;
    s01 += a0 * b1;
    s02 += a0 * b2;
    s03 += a0 * b3;
    let a1 = vec4f(a[row1 + p]);
    s10 += a1 * b0;
    s11 += a1 * b1;
    s12 += a1 * b2;
    s13 += a1 * b3;
    let a2 = vec4f(a[row2 + p]);
    s20 += a2 * b0;
    s21 += a2 * b1;
    s22 += a2 * b2;
    s23 += a2 * b3;
    let a3 = vec4f(a[row3 + p]);
    s30 += a3 * b0;
    s31 += a3 * b1;
    s32 += a3 * b2;
    s33 += a3 * b3;
  }

  var sums = array<vec4f, 4>(
    vec4f(total(s00), total(s01), total(s02), total(s03)),
    vec4f(total(s10), total(s11), total(s12), total(s13)),
    vec4f(total(s20), total(s21), total(s22), total(s23)),
    vec4f(total(s30), total(s31), total(s32), total(s33)),
  );
  let y_at = y_start(batch);
  for (var i = 0u; i < min(4u, params.m - row); i++) {
    finish(y_at, row + i, col, sums[i]);
  }
}
