// y[j, d] = sum_i p[i, j] * b[i, d] over the queries i that see key j, of all heads that share the key: pᵀ · do for dv,
// dsᵀ · q for dk.
//
// Shapes: p [planes, queries, cols], scratch, 0 where a query sees less than its tile; b [queries, dim] and
//         y [keys, dim], strided, f32 or f16. The planes in scratch are whole groups.
// Work:   an 8x8 tile of y an invocation, columns first. Keys past the end lie in padding and are not stored.
// Memory: a query loads 4 vec4s for 64 multiply-adds.

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
  let tile_cols = (params.dim + 7u) / 8u;
  let tile_rows = (params.keys + 7u) / 8u;
  let tile = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  let slot = tile / (tile_cols * tile_rows) * params.group;
  if (slot >= params.planes) {
    return;
  }
  let key = tile / tile_cols % tile_rows * 8u;
  let col = tile % tile_cols * 8u;
  let left = params.dim - col;
  // Where the tile has four columns or less, its right half repeats the left one and is not stored.
  let right = select(0u, 4u, left > 4u);

  var l0 = vec4f(0.0);
  var l1 = vec4f(0.0);
  var l2 = vec4f(0.0);
  var l3 = vec4f(0.0);
  var l4 = vec4f(0.0);
  var l5 = vec4f(0.0);
  var l6 = vec4f(0.0);
  var l7 = vec4f(0.0);
  var r0 = vec4f(0.0);
  var r1 = vec4f(0.0);
  var r2 = vec4f(0.0);
  var r3 = vec4f(0.0);
  var r4 = vec4f(0.0);
  var r5 = vec4f(0.0);
  var r6 = vec4f(0.0);
  var r7 = vec4f(0.0);
  let plane = params.first_plane + slot;
  let batch = plane / params.heads;
  let head = plane % params.heads;
  let p_step = params.cols / 4u;
  let first = first_query(key);
  for (var member = 0u; member < params.group; member++) {
    var p_at = ((slot + member) * params.queries + first) * p_step + key / 4u;
    var b_at = params.b_offset + batch * params.b_batch + (head + member) * params.b_head + first * params.b_row + col;
    for (var i = first; i < params.queries; i++) {
      let left_keys = p[p_at];
      let right_keys = p[p_at + 1u];
      let l = load_b(b_at, left);
      let r = load_b(b_at + right, left - right);
      l0 += left_keys.x * l;
      l1 += left_keys.y * l;
      l2 += left_keys.z * l;
      l3 += left_keys.w * l;
      l4 += right_keys.x * l;
      l5 += right_keys.y * l;
      l6 += right_keys.z * l;
      l7 += right_keys.w * l;
      r0 += left_keys.x * r;
      r1 += left_keys.y * r;
      r2 += left_keys.z * r;
      r3 += left_keys.w * r;
      r4 += right_keys.x * r;
      r5 += right_keys.y * r;
      r6 += right_keys.z * r;
      r7 += right_keys.w * r;
      p_at += p_step;
      b_at += params.b_row;
    }
  }

  let y_at = params.y_offset + batch * params.y_batch + head / params.group * params.y_head + col;
  put(y_at, key, left, l0, r0);
  put(y_at, key + 1u, left, l1, r1);
  put(y_at, key + 2u, left, l2, r2);
  put(y_at, key + 3u, left, l3, r3);
  put(y_at, key + 4u, left, l4, r4);
  put(y_at, key + 5u, left, l5, r5);
  put(y_at, key + 6u, left, l6, r6);
  put(y_at, key + 7u, left, l7, r7);
}

fn put(at: u32, key: u32, left: u32, value0: vec4f, value1: vec4f) {
  if (key < params.keys) {
    store_row(at + key * params.y_row, left, value0, value1);
  }
}
