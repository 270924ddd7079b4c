// dx = dz W, and dw = dzᵀ x with the column sums of dz: the gradients of a linear layer z = x Wᵀ + b in one dispatch.
//
// Shapes: dz [rows, outputs], w [outputs, inputs], x [rows, inputs], inputs a multiple of 4 -> dx [rows, inputs],
//         dw [outputs, inputs], db [outputs], f32 or f16. `beside` has dx's shape: with ENDING 1 it is added to dx, with 2 dx is
//         multiplied by the slope of an activation that kept it.
// Work:   as matmul_subgroup; the tiles of dw come first, as their sums are the longer ones.
// Memory: a step of p loads ROWS / LANES scalars and 2 vec4s for 8 ROWS multiply-adds.

enable subgroups;

struct Params {
  rows: u32,
  inputs: u32,
  outputs: u32,
  // 1 where dw is added to what is there.
  adds_dw: u32,
  // 0 without db, 1 with it, 2 where it is added to what is there.
  sums_dz: u32,
}

override ENDING: u32 = 0u;

// In memory: half as wide for f16.
alias StoredDz = f32;
alias StoredW = vec4f;
alias StoredX = vec4f;
alias StoredBeside = vec4f;
alias StoredDx = vec4f;
alias StoredDw = vec4f;

@group(0) @binding(0) var<storage, read> dz: array<StoredDz>;
@group(0) @binding(1) var<storage, read> w: array<StoredW>;
@group(0) @binding(2) var<storage, read> x: array<StoredX>;
@group(0) @binding(3) var<storage, read> beside: array<StoredBeside>;
@group(0) @binding(4) var<storage, read_write> dx: array<StoredDx>;
@group(0) @binding(5) var<storage, read_write> dw: array<StoredDw>;
@group(0) @binding(6) var<storage, read_write> db: array<f32>;
@group(0) @binding(7) var<uniform> params: Params;

//#include "lib/numerics.wgsl"
//#include "lib/subgroup_tile.wgsl"

fn load_a(at: u32) -> f32 {
  return f32(dz[at]);
}

// The activation's: a file of scalar/ replaces it.
fn vjp(dy: f32, s: f32) -> f32 {
  return dy;
}

fn store_dx(at: u32, sums: vec4f) {
  var value = sums;
  if (ENDING == 1u) {
    value += vec4f(beside[at]);
  }
  if (ENDING == 2u) {
    let s = vec4f(beside[at]);
    value = vec4f(vjp(value.x, s.x), vjp(value.y, s.y), vjp(value.z, s.z), vjp(value.w, s.w));
  }
  dx[at] = StoredDx(value);
}

fn store_dw(at: u32, sums: vec4f) {
  dw[at] = StoredDw(sums + select(vec4f(), vec4f(dw[at]), params.adds_dw != 0u));
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) position: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let fours = params.inputs / 4u;
  let tile_cols = (fours + 2u * LANES - 1u) / (2u * LANES);
  let tiles_of_dw = tile_cols * ((params.outputs + ROWS - 1u) / ROWS);
  let tile = workgroup.x + workgroup.y * workgroups.x;
  let makes_dx = tile >= tiles_of_dw;
  let own = select(tile, tile - tiles_of_dw, makes_dx);
  // Rows of what this tile is part of, and how dz is read: by rows for dx, by columns for dw.
  let height = select(params.outputs, params.rows, makes_dx);
  let row = own / tile_cols * ROWS;
  if (row >= height) {
    return;
  }
  let starts = rows_of_lane(0u, row, lane, height - 1u, select(1u, params.outputs, makes_dx));
  let first_col = own % tile_cols * 2u * LANES;
  let col = first_col + position * 2u;
  var left_at = min(col, fours - 1u);
  let to_right = select(0u, 1u, col < fours - 1u);
  var step = 0u;
  var row_sum = vec4f();
  if (makes_dx) {
    for (var p = 0u; p < params.outputs; p++) {
      add_products(load_rows(starts, step), vec4f(w[left_at]), vec4f(w[left_at + to_right]));
      step += 1u;
      left_at += fours;
    }
  } else {
    for (var p = 0u; p < params.rows; p++) {
      let from_dz = load_rows(starts, step);
      row_sum += from_dz;
      add_products(from_dz, vec4f(x[left_at]), vec4f(x[left_at + to_right]));
      step += params.outputs;
      left_at += fours;
    }
  }

  var sums = tile_sums();
  // A loop, not 32 calls: the end is most of what a driver has to compile.
  for (var i = 0u; i < 2u * min(ROWS, height - row); i++) {
    let at = (row + i / 2u) * fours + col + i % 2u;
    if (col + i % 2u < fours) {
      if (makes_dx) {
        store_dx(at, sums[i]);
      } else {
        store_dw(at, sums[i]);
      }
    }
  }
  if (!makes_dx && params.sums_dz != 0u && first_col == 0u && lane < ROWS) {
    for (var i = 0u; i < max(1u, ROWS / LANES); i++) {
      let output = row + lane + i * LANES;
      if (output < height) {
        db[output] = row_sum[i] + select(0.0, db[output], params.sums_dz == 2u);
      }
    }
  }
}
