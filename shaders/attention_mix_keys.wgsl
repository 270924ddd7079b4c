// y[i, d] = sum_j p[i, j] * b[j, d] over the keys j that query i sees: p · v, and in backward ds · k.
//
// Shapes: p [planes, queries, cols], scratch, 0 where a query of the tile sees less than another; b [keys, dim] and
//         y [queries, dim], strided, f32 or f16.
// Work:   an 8x4 tile of y an invocation, columns first. Rows past the end are clamped and not stored.
// Memory: a step of four keys loads 12 vec4s for 128 multiply-adds.

//#include "lib/attention_product.wgsl"

// f32 where rows are not whole vec4s; attention/load_b_scalars.wgsl then replaces the load.
alias Pack = vec4f;

// In memory: half as wide for f16.
alias StoredB = Pack;
alias StoredY = f32;

override WORKGROUP: u32 = 8u;

@group(0) @binding(0) var<storage, read> p: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<StoredB>;
@group(0) @binding(2) var<storage, read_write> y: array<StoredY>;
@group(0) @binding(3) var<uniform> params: Params;

//#include "lib/attention_store.wgsl"

// Four elements from `at` on; those from the `left`-th on are 0.
fn load_b(at: u32, left: u32) -> vec4f {
  return vec4f(b[at / 4u]);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile_cols = (params.dim + 3u) / 4u;
  let tile_rows = (params.queries + 7u) / 8u;
  let tile = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  let slot = tile / (tile_cols * tile_rows);
  if (slot >= params.planes) {
    return;
  }
  let row = tile / tile_cols % tile_rows * 8u;
  let col = tile % tile_cols * 4u;
  let left = params.dim - col;
  let last_row = params.queries - 1u;

  let plane = params.first_plane + slot;
  let batch = plane / params.heads;
  let head = plane % params.heads;
  let b_at = params.b_offset + batch * params.b_batch + head / params.group * params.b_head + col;
  let p_step = params.cols / 4u;
  let p_at = slot * params.queries * p_step;
  let p0 = p_at + row * p_step;
  let p1 = p_at + min(row + 1u, last_row) * p_step;
  let p2 = p_at + min(row + 2u, last_row) * p_step;
  let p3 = p_at + min(row + 3u, last_row) * p_step;
  let p4 = p_at + min(row + 4u, last_row) * p_step;
  let p5 = p_at + min(row + 5u, last_row) * p_step;
  let p6 = p_at + min(row + 6u, last_row) * p_step;
  let p7 = p_at + min(row + 7u, last_row) * p_step;

  var y0 = vec4f(0.0);
  var y1 = vec4f(0.0);
  var y2 = vec4f(0.0);
  var y3 = vec4f(0.0);
  var y4 = vec4f(0.0);
  var y5 = vec4f(0.0);
  var y6 = vec4f(0.0);
  var y7 = vec4f(0.0);
  let end = visible_keys(min(row + 7u, last_row));
  let last_key = params.keys - 1u;
  for (var j = 0u; j < end; j += 4u) {
    // One column a key; weights past the last key are 0.
    let values = mat4x4f(
      load_b(b_at + j * params.b_row, left),
      load_b(b_at + min(j + 1u, last_key) * params.b_row, left),
      load_b(b_at + min(j + 2u, last_key) * params.b_row, left),
      load_b(b_at + min(j + 3u, last_key) * params.b_row, left),
    );
    let pack = j / 4u;
    y0 += values * p[p0 + pack];
    y1 += values * p[p1 + pack];
    y2 += values * p[p2 + pack];
    y3 += values * p[p3 + pack];
    y4 += values * p[p4 + pack];
    y5 += values * p[p5 + pack];
    y6 += values * p[p6 + pack];
    y7 += values * p[p7 + pack];
  }

  let y_at = params.y_offset + batch * params.y_batch + head * params.y_head + col;
  put(y_at, row, left, y0);
  put(y_at, row + 1u, left, y1);
  put(y_at, row + 2u, left, y2);
  put(y_at, row + 3u, left, y3);
  put(y_at, row + 4u, left, y4);
  put(y_at, row + 5u, left, y5);
  put(y_at, row + 6u, left, y6);
  put(y_at, row + 7u, left, y7);
}

fn put(at: u32, row: u32, left: u32, value: vec4f) {
  if (row < params.queries) {
    store(at + row * params.y_row, left, value);
  }
}
