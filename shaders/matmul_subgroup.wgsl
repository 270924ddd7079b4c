// y[i, j] = sum_p a[i, p] * b[p, j], for every batch, then lib/matmul_finish.wgsl: a 16x8 tile of y in the registers of
// each invocation; the tiles of a subgroup lie side by side and share what they load of a.
//
// Shapes: a [m, k] with any strides; b [k, n] with contiguous rows, b_row, b_inner, b_outer and b_offset multiples of 4;
//         y [m, n], f32 or f16. Any m and k; n is rounded up to the padding of b's rows.
// Work:   a workgroup is one subgroup of LANES and makes 16 rows of 8 LANES columns. Each lane loads 16 / LANES elements
//         of a (at least one) and hands them on by subgroupBroadcast: on software adapters a load costs three times as
//         much. No workgroup memory, no barriers. Rows and columns past the end are clamped, and only their stores left
//         out.
// Memory: a step of p loads 16 / LANES scalars and 2 vec4s for 128 multiply-adds.

enable subgroups;

//#include "lib/matmul_params.wgsl"

// The adapter's subgroup size: 4, 8, 16 or 32.
const LANES: u32 = 8u;

// In memory: half as wide for f16.
alias StoredA = f32;
alias StoredB = vec4f;

@group(0) @binding(0) var<storage, read> a: array<StoredA>;
@group(0) @binding(1) var<storage, read> b: array<StoredB>;

//#include "lib/matmul_finish.wgsl"
//#include "lib/matmul_row_sums.wgsl"

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) position: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let tile_cols = (params.n + 8u * LANES - 1u) / (8u * LANES);
  let tile_rows = (params.m + 15u) / 16u;
  let tile = workgroup.x + workgroup.y * workgroups.x;
  let batch = tile / (tile_cols * tile_rows);
  if (batch >= params.batches) {
    return;
  }
  let row = tile / tile_cols % tile_rows * 16u;
  let first_col = tile % tile_cols * 8u * LANES;
  let col = first_col + position * 8u;

  // Positions of this lane's rows of a at the current p, and of its columns of b.
  let last = params.m - 1u;
  let a_at = a_start(batch);
  let at0 = a_at + min(row + lane, last) * params.a_row;
  let at1 = a_at + min(row + lane + LANES, last) * params.a_row;
  let at2 = a_at + min(row + lane + 2u * LANES, last) * params.a_row;
  let at3 = a_at + min(row + lane + 3u * LANES, last) * params.a_row;
  var a_step = 0u;
  let b_step = params.b_row / 4u;
  let last_col = (params.n - 1u) / 4u;
  var left_at = b_start(batch) / 4u + min(col / 4u, last_col);
  let to_right = select(0u, 1u, col / 4u < last_col);
  var l0 = vec4f();
  var l1 = vec4f();
  var l2 = vec4f();
  var l3 = vec4f();
  var l4 = vec4f();
  var l5 = vec4f();
  var l6 = vec4f();
  var l7 = vec4f();
  var l8 = vec4f();
  var l9 = vec4f();
  var l10 = vec4f();
  var l11 = vec4f();
  var l12 = vec4f();
  var l13 = vec4f();
  var l14 = vec4f();
  var l15 = vec4f();
  var r0 = vec4f();
  var r1 = vec4f();
  var r2 = vec4f();
  var r3 = vec4f();
  var r4 = vec4f();
  var r5 = vec4f();
  var r6 = vec4f();
  var r7 = vec4f();
  var r8 = vec4f();
  var r9 = vec4f();
  var r10 = vec4f();
  var r11 = vec4f();
  var r12 = vec4f();
  var r13 = vec4f();
  var r14 = vec4f();
  var r15 = vec4f();
  var row_sum = vec4f();
  for (var p = 0u; p < params.k; p++) {
    // Rows LANES apart.
    var from_a = vec4f(f32(a[at0 + a_step]), 0.0, 0.0, 0.0);
    if (LANES <= 8u) {
      from_a.y = f32(a[at1 + a_step]);
    }
    if (LANES == 4u) {
      from_a.z = f32(a[at2 + a_step]);
      from_a.w = f32(a[at3 + a_step]);
    }
    row_sum += from_a;
    let left = vec4f(b[left_at]);
    let right = vec4f(b[left_at + to_right]);
    let a0 = subgroupBroadcast(from_a[0u / LANES], 0u % LANES);
    l0 += a0 * left;
    r0 += a0 * right;
    let a1 = subgroupBroadcast(from_a[1u / LANES], 1u % LANES);
    l1 += a1 * left;
    r1 += a1 * right;
    let a2 = subgroupBroadcast(from_a[2u / LANES], 2u % LANES);
    l2 += a2 * left;
    r2 += a2 * right;
    let a3 = subgroupBroadcast(from_a[3u / LANES], 3u % LANES);
    l3 += a3 * left;
    r3 += a3 * right;
    let a4 = subgroupBroadcast(from_a[4u / LANES], 4u % LANES);
    l4 += a4 * left;
    r4 += a4 * right;
    let a5 = subgroupBroadcast(from_a[5u / LANES], 5u % LANES);
    l5 += a5 * left;
    r5 += a5 * right;
    let a6 = subgroupBroadcast(from_a[6u / LANES], 6u % LANES);
    l6 += a6 * left;
    r6 += a6 * right;
    let a7 = subgroupBroadcast(from_a[7u / LANES], 7u % LANES);
    l7 += a7 * left;
    r7 += a7 * right;
    let a8 = subgroupBroadcast(from_a[8u / LANES], 8u % LANES);
    l8 += a8 * left;
    r8 += a8 * right;
    let a9 = subgroupBroadcast(from_a[9u / LANES], 9u % LANES);
    l9 += a9 * left;
    r9 += a9 * right;
    let a10 = subgroupBroadcast(from_a[10u / LANES], 10u % LANES);
    l10 += a10 * left;
    r10 += a10 * right;
    let a11 = subgroupBroadcast(from_a[11u / LANES], 11u % LANES);
    l11 += a11 * left;
    r11 += a11 * right;
    let a12 = subgroupBroadcast(from_a[12u / LANES], 12u % LANES);
    l12 += a12 * left;
    r12 += a12 * right;
    let a13 = subgroupBroadcast(from_a[13u / LANES], 13u % LANES);
    l13 += a13 * left;
    r13 += a13 * right;
    let a14 = subgroupBroadcast(from_a[14u / LANES], 14u % LANES);
    l14 += a14 * left;
    r14 += a14 * right;
    let a15 = subgroupBroadcast(from_a[15u / LANES], 15u % LANES);
    l15 += a15 * left;
    r15 += a15 * right;
    a_step += params.a_col;
    left_at += b_step;
  }

  var sums = array<vec4f, 32>(
    l0, r0, l1, r1, l2, r2, l3, r3, l4, r4, l5, r5, l6, r6, l7, r7,
    l8, r8, l9, r9, l10, r10, l11, r11, l12, r12, l13, r13, l14, r14, l15, r15,
  );
  let y_at = y_start(batch);
  // A loop, not 32 calls: the end is most of what a driver has to compile.
  for (var i = 0u; i < 2u * min(16u, params.m - row); i++) {
    finish(y_at, row + i / 2u, col + i % 2u * 4u, sums[i]);
  }
  if (params.sums_rows != 0u && first_col == 0u && lane < 16u) {
    for (var i = 0u; i < max(1u, 16u / LANES); i++) {
      if (row + lane + i * LANES < params.m) {
        store_row_sum(batch, row + lane + i * LANES, row_sum[i]);
      }
    }
  }
}
