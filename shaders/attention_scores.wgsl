// y[i, j] = sum_d a[i, d] * b[j, d] for the queries i and keys j of every plane: q · kᵀ, and in backward do · vᵀ.
//
// Shapes: a [queries, dim], b [keys, dim], strided, f32; y [planes, queries, cols], scratch. Tiles that no query of
//         theirs sees are left unwritten.
// Work:   an 8x4 tile an invocation, columns first. Rows past the end are clamped: they land in padding, or are not
//         stored.
// Memory: a step of four d loads 12 vec4s for 128 multiply-adds.

//#include "lib/attention_product.wgsl"

// f32 where rows are not whole vec4s; attention/load_a_b_scalars.wgsl then replaces the two loads.
alias Pack = vec4f;

// In memory: half as wide for f16.
alias StoredA = Pack;
alias StoredB = Pack;

override WORKGROUP: u32 = 8u;

@group(0) @binding(0) var<storage, read> a: array<StoredA>;
@group(0) @binding(1) var<storage, read> b: array<StoredB>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

// Four elements from `at` on; those from the `left`-th on are 0.
fn load_a(at: u32, left: u32) -> vec4f {
  return vec4f(a[at / 4u]);
}

fn load_b(at: u32, left: u32) -> vec4f {
  return vec4f(b[at / 4u]);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile_cols = (params.keys + 3u) / 4u;
  let tile_rows = (params.queries + 7u) / 8u;
  let tile = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  let slot = tile / (tile_cols * tile_rows);
  if (slot >= params.planes) {
    return;
  }
  let row = tile / tile_cols % tile_rows * 8u;
  let col = tile % tile_cols * 4u;
  let last_row = params.queries - 1u;
  if (col >= visible_keys(min(row + 7u, last_row))) {
    return;
  }

  let plane = params.first_plane + slot;
  let batch = plane / params.heads;
  let head = plane % params.heads;
  let a_at = params.a_offset + batch * params.a_batch + head * params.a_head;
  let b_at = params.b_offset + batch * params.b_batch + head / params.group * params.b_head;
  let a0 = a_at + row * params.a_row;
  let a1 = a_at + min(row + 1u, last_row) * params.a_row;
  let a2 = a_at + min(row + 2u, last_row) * params.a_row;
  let a3 = a_at + min(row + 3u, last_row) * params.a_row;
  let a4 = a_at + min(row + 4u, last_row) * params.a_row;
  let a5 = a_at + min(row + 5u, last_row) * params.a_row;
  let a6 = a_at + min(row + 6u, last_row) * params.a_row;
  let a7 = a_at + min(row + 7u, last_row) * params.a_row;
  let last_key = params.keys - 1u;
  let b0 = b_at + col * params.b_row;
  let b1 = b_at + min(col + 1u, last_key) * params.b_row;
  let b2 = b_at + min(col + 2u, last_key) * params.b_row;
  let b3 = b_at + min(col + 3u, last_key) * params.b_row;

  var y0 = vec4f(0.0);
  var y1 = vec4f(0.0);
  var y2 = vec4f(0.0);
  var y3 = vec4f(0.0);
  var y4 = vec4f(0.0);
  var y5 = vec4f(0.0);
  var y6 = vec4f(0.0);
  var y7 = vec4f(0.0);
  for (var d = 0u; d < params.dim; d += 4u) {
    let left = params.dim - d;
    // One column a key, so that a row of a times it is four inner products at once.
    let keys = mat4x4f(load_b(b0 + d, left), load_b(b1 + d, left), load_b(b2 + d, left), load_b(b3 + d, left));
    y0 += load_a(a0 + d, left) * keys;
    y1 += load_a(a1 + d, left) * keys;
    y2 += load_a(a2 + d, left) * keys;
    y3 += load_a(a3 + d, left) * keys;
    y4 += load_a(a4 + d, left) * keys;
    y5 += load_a(a5 + d, left) * keys;
    y6 += load_a(a6 + d, left) * keys;
    y7 += load_a(a7 + d, left) * keys;
  }

  let y_step = params.cols / 4u;
  let y_at = (slot * params.queries + row) * y_step + col / 4u;
  store(y_at, row, y0);
  store(y_at + y_step, row + 1u, y1);
  store(y_at + 2u * y_step, row + 2u, y2);
  store(y_at + 3u * y_step, row + 3u, y3);
  store(y_at + 4u * y_step, row + 4u, y4);
  store(y_at + 5u * y_step, row + 5u, y5);
  store(y_at + 6u * y_step, row + 6u, y6);
  store(y_at + 7u * y_step, row + 7u, y7);
}

fn store(at: u32, row: u32, value: vec4f) {
  if (row < params.queries) {
    y[at] = value;
  }
}
