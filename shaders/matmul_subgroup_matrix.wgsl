// y[i, j] = sum_p a[i, p] * b[p, j], for every batch, then lib/matmul_finish.wgsl: by the adapter's matrix units.
//
// Shapes: a [m, k], b [k, n], y [m, n], f32 or f16; any sizes whose contiguous axes, strides and offsets are multiples of 4.
// Work:   a workgroup makes a tile of TILE_M x TILE_N outputs. Each of its first SUBGROUPS subgroups owns 32 x 32 of them,
//         as matrices of M x N; k goes by in slices. Operands are rounded to Staged (f16) on their way into workgroup
//         memory, sums are f32. Subgroups beyond those, where an adapter makes them smaller than it may, help to load.
// Memory: a tile of 64 reads each operand once per 64 outputs across; about 14 KB of workgroup memory, rows padded by 16
//         bytes against bank conflicts.
// Source: the WGSL extension chromium_experimental_subgroup_matrix, behind Dawn's allow_unsafe_apis.

enable chromium_experimental_subgroup_matrix;
enable f16;
enable subgroups;
requires subgroup_id;

//#include "lib/matmul_params.wgsl"

// The matrices that the adapter multiplies, M x K times K x N.
const M: u32 = 16u;
const N: u32 = 16u;
const K: u32 = 16u;
// Of k, a multiple of K.
const SLICE: u32 = 32u;
// Owners along m and along n.
const OWNERS_M: u32 = 2u;
const OWNERS_N: u32 = 2u;

const SUBGROUPS: u32 = OWNERS_M * OWNERS_N;
const ROWS: u32 = 32u / M;
const COLS: u32 = 32u / N;
const TILE_M: u32 = 32u * OWNERS_M;
const TILE_N: u32 = 32u * OWNERS_N;
const PAD: u32 = 8u;

// A multiple of the largest subgroup: at least SUBGROUPS of them, and a lane for each row.
override WORKGROUP: u32 = 128u;
// Which axis is contiguous in memory: it is kept contiguous in the tile.
override A_ALONG_K: bool = true;
override B_ALONG_K: bool = false;

alias Staged = f16;
alias StoredA = f32;
alias StoredB = f32;

@group(0) @binding(0) var<storage, read> a: array<vec4<StoredA>>;
@group(0) @binding(1) var<storage, read> b: array<vec4<StoredB>>;

//#include "lib/matmul_finish.wgsl"

const A_PITCH_ALONG_K: u32 = SLICE + PAD;
const A_PITCH_ACROSS: u32 = TILE_M + PAD;
const B_PITCH_ALONG_K: u32 = SLICE + PAD;
const B_PITCH_ACROSS: u32 = TILE_N + PAD;

// Room for either order.
var<workgroup> a_tile: array<Staged, max(TILE_M * A_PITCH_ALONG_K, SLICE * A_PITCH_ACROSS)>;
var<workgroup> b_tile: array<Staged, max(TILE_N * B_PITCH_ALONG_K, SLICE * B_PITCH_ACROSS)>;
var<workgroup> sums: array<f32, SUBGROUPS * M * N>;

fn load_a(a_at: u32, first_row: u32, start: u32, lane: u32) {
  for (var i = lane; i < TILE_M * SLICE / 4u; i += WORKGROUP) {
    let row = select(4u * (i % (TILE_M / 4u)), i / (SLICE / 4u), A_ALONG_K);
    let p = select(i / (TILE_M / 4u), 4u * (i % (SLICE / 4u)), A_ALONG_K);
    var four = vec4<Staged>();
    if (first_row + row < params.m && start + p < params.k) {
      four = vec4<Staged>(a[(a_at + (first_row + row) * params.a_row + (start + p) * params.a_col) / 4u]);
    }
    let at = select(p * A_PITCH_ACROSS + row, row * A_PITCH_ALONG_K + p, A_ALONG_K);
    a_tile[at] = four.x;
    a_tile[at + 1u] = four.y;
    a_tile[at + 2u] = four.z;
    a_tile[at + 3u] = four.w;
  }
}

fn load_b(b_at: u32, first_col: u32, start: u32, lane: u32) {
  for (var i = lane; i < TILE_N * SLICE / 4u; i += WORKGROUP) {
    let col = select(4u * (i % (TILE_N / 4u)), i / (SLICE / 4u), B_ALONG_K);
    let p = select(i / (TILE_N / 4u), 4u * (i % (SLICE / 4u)), B_ALONG_K);
    var four = vec4<Staged>();
    if (first_col + col < params.n && start + p < params.k) {
      four = vec4<Staged>(b[(b_at + (first_col + col) * params.b_col + (start + p) * params.b_row) / 4u]);
    }
    let at = select(p * B_PITCH_ACROSS + col, col * B_PITCH_ALONG_K + p, B_ALONG_K);
    b_tile[at] = four.x;
    b_tile[at + 1u] = four.y;
    b_tile[at + 2u] = four.z;
    b_tile[at + 3u] = four.w;
  }
}

fn left_matrix(row: u32, p: u32) -> subgroup_matrix_left<Staged, K, M> {
  if (A_ALONG_K) {
    return subgroupMatrixLoad<subgroup_matrix_left<Staged, K, M>, row_major>(&a_tile, row * A_PITCH_ALONG_K + p, A_PITCH_ALONG_K);
  }
  return subgroupMatrixLoad<subgroup_matrix_left<Staged, K, M>, col_major>(&a_tile, p * A_PITCH_ACROSS + row, A_PITCH_ACROSS);
}

fn right_matrix(col: u32, p: u32) -> subgroup_matrix_right<Staged, N, K> {
  if (B_ALONG_K) {
    return subgroupMatrixLoad<subgroup_matrix_right<Staged, N, K>, col_major>(&b_tile, col * B_PITCH_ALONG_K + p, B_PITCH_ALONG_K);
  }
  return subgroupMatrixLoad<subgroup_matrix_right<Staged, N, K>, row_major>(&b_tile, p * B_PITCH_ACROSS + col, B_PITCH_ACROSS);
}

// The sum of one row of the staged slice of a.
fn sum_of_row(row: u32) -> f32 {
  var sum = 0.0;
  for (var p = 0u; p < SLICE; p++) {
    sum += f32(a_tile[select(p * A_PITCH_ACROSS + row, row * A_PITCH_ALONG_K + p, A_ALONG_K)]);
  }
  return sum;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let tile_cols = (params.n + TILE_N - 1u) / TILE_N;
  let tile_rows = (params.m + TILE_M - 1u) / TILE_M;
  let tile = workgroup.x + workgroup.y * workgroups.x;
  let batch = tile / (tile_cols * tile_rows);
  if (batch >= params.batches) {
    return;
  }
  let first_row = tile / tile_cols % tile_rows * TILE_M;
  let first_col = tile % tile_cols * TILE_N;
  let a_at = a_start(batch);
  let b_at = b_start(batch);
  let own_row = subgroup / OWNERS_N * 32u;
  let own_col = subgroup % OWNERS_N * 32u;
  let sums_rows = params.sums_rows != 0u && first_col == 0u;

  var products: array<subgroup_matrix_result<f32, N, M>, ROWS * COLS>;
  var row_sum = 0.0;
  for (var start = 0u; start < params.k; start += SLICE) {
    load_a(a_at, first_row, start, lane);
    load_b(b_at, first_col, start, lane);
    workgroupBarrier();
    if (subgroup < SUBGROUPS) {
      for (var p = 0u; p < SLICE; p += K) {
        for (var row = 0u; row < ROWS; row++) {
          let left = left_matrix(own_row + row * M, p);
          for (var col = 0u; col < COLS; col++) {
            let right = right_matrix(own_col + col * N, p);
            products[row * COLS + col] = subgroupMatrixMultiplyAccumulate(left, right, products[row * COLS + col]);
          }
        }
      }
    }
    if (sums_rows && lane < TILE_M) {
      row_sum += sum_of_row(lane);
    }
    workgroupBarrier();
  }

  // Matrices have no elements of their own: they go through workgroup memory, one of each owner at a time.
  let y_at = y_start(batch);
  for (var i = 0u; i < ROWS * COLS; i++) {
    if (subgroup < SUBGROUPS) {
      subgroupMatrixStore<row_major>(&sums, subgroup * M * N, products[i], N);
    }
    workgroupBarrier();
    for (var four = lane; four < SUBGROUPS * M * N / 4u; four += WORKGROUP) {
      let owner = four / (M * N / 4u);
      let row = first_row + owner / OWNERS_N * 32u + i / COLS * M + four % (M * N / 4u) / (N / 4u);
      let col = first_col + owner % OWNERS_N * 32u + i % COLS * N + four % (N / 4u) * 4u;
      let at = 4u * four;
      finish(y_at, row, col, vec4f(sums[at], sums[at + 1u], sums[at + 2u], sums[at + 3u]));
    }
    workgroupBarrier();
  }
  if (sums_rows && lane < TILE_M && first_row + lane < params.m) {
    let at = batch * params.m + first_row + lane;
    row_sums[at] = StoredRowSums(row_sum + select(0.0, f32(row_sums[at]), params.sums_rows == 2u));
  }
}
