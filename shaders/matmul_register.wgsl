// y[i, j] = sum_p a[i, p] * b[p, j], for every batch, then lib/matmul_finish.wgsl: an 8x8 tile of y in the registers of one invocation.
//
// Shapes: a [m, k] with any strides; b [k, n] with contiguous rows, b_row, b_inner, b_outer and b_offset multiples of 4;
//         y [m, n], f32 or f16. Any m and k; n is rounded up to the padding of b's rows.
// Work:   tiles are dealt out one by one, columns first, so neighbours share the rows of a. No workgroup memory, no
//         barriers: on software adapters a barrier costs as much as 20 loads. Rows past the end are clamped, and only
//         their stores left out.
// Memory: a step of p loads 8 scalars and 2 vec4s for 64 multiply-adds.

//#include "lib/matmul_params.wgsl"

override WORKGROUP: u32 = 8u;

// In memory: half as wide for f16.
alias StoredA = f32;
alias StoredB = vec4f;

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
  let tile_cols = (params.n + 7u) / 8u;
  let tile_rows = (params.m + 7u) / 8u;
  let tile = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  let batch = tile / (tile_cols * tile_rows);
  if (batch >= params.batches) {
    return;
  }
  let row = tile / tile_cols % tile_rows * 8u;
  let col = tile % tile_cols * 8u;

  // Positions of the eight rows of a at the current p, and of the two vec4s of b.
  let last = params.m - 1u;
  let a_at = a_start(batch);
  let row0 = a_at + min(row + 0u, last) * params.a_row;
  let row1 = a_at + min(row + 1u, last) * params.a_row;
  let row2 = a_at + min(row + 2u, last) * params.a_row;
  let row3 = a_at + min(row + 3u, last) * params.a_row;
  let row4 = a_at + min(row + 4u, last) * params.a_row;
  let row5 = a_at + min(row + 5u, last) * params.a_row;
  let row6 = a_at + min(row + 6u, last) * params.a_row;
  let row7 = a_at + min(row + 7u, last) * params.a_row;
  var a_step = 0u;
  let b_step = params.b_row / 4u;
  var left_at = b_start(batch) / 4u + col / 4u;
  let to_right = select(0u, 1u, col + 4u < params.n);

  var l0 = vec4f();
  var l1 = vec4f();
  var l2 = vec4f();
  var l3 = vec4f();
  var l4 = vec4f();
  var l5 = vec4f();
  var l6 = vec4f();
  var l7 = vec4f();
  var r0 = vec4f();
  var r1 = vec4f();
  var r2 = vec4f();
  var r3 = vec4f();
  var r4 = vec4f();
  var r5 = vec4f();
  var r6 = vec4f();
  var r7 = vec4f();
  for (var p = 0u; p < params.k; p++) {
    let left = vec4f(b[left_at]);
    let right = vec4f(b[left_at + to_right]);
    let a0 = f32(a[row0 + a_step]);
    let a1 = f32(a[row1 + a_step]);
    let a2 = f32(a[row2 + a_step]);
    let a3 = f32(a[row3 + a_step]);
    let a4 = f32(a[row4 + a_step]);
    let a5 = f32(a[row5 + a_step]);
    let a6 = f32(a[row6 + a_step]);
    let a7 = f32(a[row7 + a_step]);
    l0 += a0 * left;
    r0 += a0 * right;
    l1 += a1 * left;
    r1 += a1 * right;
    l2 += a2 * left;
    r2 += a2 * right;
    l3 += a3 * left;
    r3 += a3 * right;
    l4 += a4 * left;
    r4 += a4 * right;
    l5 += a5 * left;
    r5 += a5 * right;
    l6 += a6 * left;
    r6 += a6 * right;
    l7 += a7 * left;
    r7 += a7 * right;
    a_step += params.a_col;
    left_at += b_step;
  }

  // A loop, not 16 calls: the end is most of what a driver has to compile.
  var sums = array<vec4f, 16>(l0, r0, l1, r1, l2, r2, l3, r3, l4, r4, l5, r5, l6, r6, l7, r7);
  let y_at = y_start(batch);
  for (var i = 0u; i < 2u * min(8u, params.m - row); i++) {
    finish(y_at, row + i / 2u, col + i % 2u * 4u, sums[i]);
  }
  sum_rows(batch, row, 8u, col);
}
