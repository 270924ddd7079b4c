// y[i, j] = sum_p a[i, p] * b[p, j], for every batch, then lib/matmul_finish.wgsl: tiles of a and b in workgroup memory.
//
// Shapes: a [m, k], b [k, n], y [m, n], f32 or f16; any sizes, any strides.
// Work:   a workgroup of GROUPS x GROUPS invocations makes a tile of 4 GROUPS x 4 GROUPS outputs, 4x4 in the registers of
//         each; k goes by in slices of 16. What lies past an edge is filled with zeros.
// Memory: a tile of 64 reads each operand once per 64 outputs across: 16 multiply-adds a loaded float; 8.7 KB of
//         workgroup memory (4.6 KB at GROUPS = 8), rows padded by one vec4 against bank conflicts.

//#include "lib/matmul_params.wgsl"

const GROUPS: u32 = 16u;
const SLICE: u32 = 16u;
const PITCH: u32 = GROUPS + 1u;
const INVOCATIONS: u32 = GROUPS * GROUPS;

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

fn load_a(at: u32, row: u32, p: u32) -> vec4f {
  var value = vec4f();
  if (p < params.k) {
    let start = at + row * params.a_row + p * params.a_col;
    if (row < params.m) { value.x = f32(a[start]); }
    if (row + 1u < params.m) { value.y = f32(a[start + params.a_row]); }
    if (row + 2u < params.m) { value.z = f32(a[start + 2u * params.a_row]); }
    if (row + 3u < params.m) { value.w = f32(a[start + 3u * params.a_row]); }
  }
  return value;
}

fn load_b(at: u32, col: u32, p: u32) -> vec4f {
  var value = vec4f();
  if (p < params.k) {
    let start = at + col * params.b_col + p * params.b_row;
    if (col < params.n) { value.x = f32(b[start]); }
    if (col + 1u < params.n) { value.y = f32(b[start + params.b_col]); }
    if (col + 2u < params.n) { value.z = f32(b[start + 2u * params.b_col]); }
    if (col + 3u < params.n) { value.w = f32(b[start + 3u * params.b_col]); }
  }
  return value;
}

@compute @workgroup_size(GROUPS, GROUPS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile_cols = (params.n + 4u * GROUPS - 1u) / (4u * GROUPS);
  let tile_rows = (params.m + 4u * GROUPS - 1u) / (4u * GROUPS);
  let tile = workgroup.x + workgroup.y * workgroups.x;
  let batch = tile / (tile_cols * tile_rows);
  if (batch >= params.batches) {
    return;
  }
  let first_row = tile / tile_cols % tile_rows * 4u * GROUPS;
  let first_col = tile % tile_cols * 4u * GROUPS;
  let a_at = a_start(batch);
  let b_at = b_start(batch);

  let row = first_row + 4u * local.y;
  let col = first_col + 4u * local.x;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  let sums_rows = params.sums_rows != 0u && first_col == 0u;
  var row_sum = vec4f();
  for (var start = 0u; start < params.k; start += SLICE) {
    for (var i = lane; i < SLICE * GROUPS; i += INVOCATIONS) {
      let along_k = vec2u(i / SLICE, i % SLICE);
      let across = vec2u(i % GROUPS, i / GROUPS);
      let to_a = select(across, along_k, A_ALONG_K);
      let to_b = select(across, along_k, B_ALONG_K);
      a_tile[to_a.y * PITCH + to_a.x] = load_a(a_at, first_row + 4u * to_a.x, start + to_a.y);
      b_tile[to_b.y * PITCH + to_b.x] = load_b(b_at, first_col + 4u * to_b.x, start + to_b.y);
    }
    workgroupBarrier();
    for (var p = 0u; p < SLICE; p++) {
      let from_a = a_tile[p * PITCH + local.y];
      let from_b = b_tile[p * PITCH + local.x];
      sum0 += from_a.x * from_b;
      sum1 += from_a.y * from_b;
      sum2 += from_a.z * from_b;
      sum3 += from_a.w * from_b;
      if (sums_rows) {
        row_sum += from_a;
      }
    }
    workgroupBarrier();
  }

  let y_at = y_start(batch);
  finish(y_at, row, col, sum0);
  finish(y_at, row + 1u, col, sum1);
  finish(y_at, row + 2u, col, sum2);
  finish(y_at, row + 3u, col, sum3);
  if (sums_rows && local.x == 0u) {
    for (var i = 0u; i < 4u && row + i < params.m; i++) {
      store_row_sum(batch, row + i, row_sum[i]);
    }
  }
}
