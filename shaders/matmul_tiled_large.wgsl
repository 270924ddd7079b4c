// y[i, j] = sum_p a[i, p] * b[p, j], for every batch, then lib/matmul_finish.wgsl: large tiles in workgroup memory, for
// outputs that fill a GPU with them.
//
// Shapes: a [m, k], b [k, n], y [m, n], f32; any sizes, any strides.
// Work:   a workgroup of 16x16 invocations makes 128x128 outputs, 8x8 in the registers of each: two by two blocks of 4x4, 64
//         apart, so that neighbours read neighbouring vec4s. k goes by in slices of 8; the next one is loaded while this
//         one is multiplied. Rows and columns past the end are clamped, and only their stores left out.
// Memory: each operand once per 128 outputs across: 32 multiply-adds a loaded float; 8.4 KB of workgroup memory, rows
//         padded by one vec4 against bank conflicts.
// Source: the register-blocked SGEMM of S. Boehm, "How to Optimize a CUDA Matmul Kernel", kernels 6 to 9.

//#include "lib/matmul_params.wgsl"

const SLICE: u32 = 8u;
const PITCH: u32 = 33u;

// Which axis is contiguous in memory: neighbouring lanes load along it.
override A_ALONG_K: bool = true;
override B_ALONG_K: bool = false;

// In memory: half as wide for f16.
alias StoredA = f32;
alias StoredB = f32;

@group(0) @binding(0) var<storage, read> a: array<StoredA>;
@group(0) @binding(1) var<storage, read> b: array<StoredB>;

//#include "lib/matmul_finish.wgsl"
//#include "lib/matmul_row_sums.wgsl"

// Four rows of a (or columns of b) at one p: whole vec4s, as storing single components could race.
var<workgroup> a_tile: array<vec4f, SLICE * PITCH>;
var<workgroup> b_tile: array<vec4f, SLICE * PITCH>;

fn load_a(at: vec4u) -> vec4f {
  return vec4f(f32(a[at.x]), f32(a[at.y]), f32(a[at.z]), f32(a[at.w]));
}

fn load_b(at: vec4u) -> vec4f {
  return vec4f(f32(b[at.x]), f32(b[at.y]), f32(b[at.z]), f32(b[at.w]));
}

@compute @workgroup_size(16, 16)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile_cols = (params.n + 127u) / 128u;
  let tile_rows = (params.m + 127u) / 128u;
  let tile = workgroup.x + workgroup.y * workgroups.x;
  let batch = tile / (tile_cols * tile_rows);
  if (batch >= params.batches) {
    return;
  }
  let first_row = tile / tile_cols % tile_rows * 128u;
  let first_col = tile % tile_cols * 128u;

  // The one vec4 of each operand that this invocation brings in: (which four, p).
  let along_k = vec2u(lane / SLICE, lane % SLICE);
  let across = vec2u(lane % 32u, lane / 32u);
  let to_a = select(across, along_k, A_ALONG_K);
  let to_b = select(across, along_k, B_ALONG_K);
  let fours = vec4u(0u, 1u, 2u, 3u);
  var from_a = a_start(batch) + min(first_row + 4u * to_a.x + fours, vec4u(params.m - 1u)) * params.a_row + to_a.y * params.a_col;
  var from_b = b_start(batch) + min(first_col + 4u * to_b.x + fours, vec4u(params.n - 1u)) * params.b_col + to_b.y * params.b_row;
  var next_a = vec4f();
  var next_b = vec4f();
  if (to_a.y < params.k) {
    next_a = vec4f(f32(a[from_a.x]), f32(a[from_a.y]), f32(a[from_a.z]), f32(a[from_a.w]));
  }
  if (to_b.y < params.k) {
    next_b = vec4f(f32(b[from_b.x]), f32(b[from_b.y]), f32(b[from_b.z]), f32(b[from_b.w]));
  }

  let sums_rows = params.sums_rows != 0u && first_col == 0u;
  var upper_sum = vec4f();
  var lower_sum = vec4f();
  var l0 = vec4f();
  var r0 = vec4f();
  var l1 = vec4f();
  var r1 = vec4f();
  var l2 = vec4f();
  var r2 = vec4f();
  var l3 = vec4f();
  var r3 = vec4f();
  var l4 = vec4f();
  var r4 = vec4f();
  var l5 = vec4f();
  var r5 = vec4f();
  var l6 = vec4f();
  var r6 = vec4f();
  var l7 = vec4f();
  var r7 = vec4f();
  for (var start = SLICE; start < params.k + SLICE; start += SLICE) {
    a_tile[to_a.y * PITCH + to_a.x] = next_a;
    b_tile[to_b.y * PITCH + to_b.x] = next_b;
    workgroupBarrier();
    from_a += SLICE * params.a_col;
    from_b += SLICE * params.b_row;
    next_a = vec4f();
    next_b = vec4f();
    if (start + to_a.y < params.k) {
      next_a = vec4f(f32(a[from_a.x]), f32(a[from_a.y]), f32(a[from_a.z]), f32(a[from_a.w]));
    }
    if (start + to_b.y < params.k) {
      next_b = vec4f(f32(b[from_b.x]), f32(b[from_b.y]), f32(b[from_b.z]), f32(b[from_b.w]));
    }
    for (var p = 0u; p < SLICE; p++) {
      let upper = a_tile[p * PITCH + local.y];
      let lower = a_tile[p * PITCH + 16u + local.y];
      let left = b_tile[p * PITCH + local.x];
      let right = b_tile[p * PITCH + 16u + local.x];
      l0 += upper.x * left;
      r0 += upper.x * right;
      l1 += upper.y * left;
      r1 += upper.y * right;
      l2 += upper.z * left;
      r2 += upper.z * right;
      l3 += upper.w * left;
      r3 += upper.w * right;
      l4 += lower.x * left;
      r4 += lower.x * right;
      l5 += lower.y * left;
      r5 += lower.y * right;
      l6 += lower.z * left;
      r6 += lower.z * right;
      l7 += lower.w * left;
      r7 += lower.w * right;
      if (sums_rows) {
        upper_sum += upper;
        lower_sum += lower;
      }
    }
    workgroupBarrier();
  }

  var sums = array<vec4f, 16>(l0, r0, l1, r1, l2, r2, l3, r3, l4, r4, l5, r5, l6, r6, l7, r7);
  let y_at = y_start(batch);
  let row = first_row + 4u * local.y;
  let col = first_col + 4u * local.x;
  for (var i = 0u; i < 16u; i++) {
    finish(y_at, row + i / 8u * 64u + i / 2u % 4u, col + i % 2u * 64u, sums[i]);
  }
  if (sums_rows && local.x == 0u) {
    for (var i = 0u; i < 4u; i++) {
      if (row + i < params.m) {
        store_row_sum(batch, row + i, upper_sum[i]);
      }
      if (row + 64u + i < params.m) {
        store_row_sum(batch, row + 64u + i, lower_sum[i]);
      }
    }
  }
}
