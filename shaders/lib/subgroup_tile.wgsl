// Tiles of 16 rows by 8 columns in the registers of each invocation. Those of a subgroup lie side by side, and its lanes
// share what they load of a. The including kernel enables subgroups and declares `load_a(at: u32) -> f32`.

// The adapter's subgroup size: 4, 8, 16 or 32.
const LANES: u32 = 8u;

// Left and right halves of the rows.
var<private> l0: vec4f;
var<private> r0: vec4f;
var<private> l1: vec4f;
var<private> r1: vec4f;
var<private> l2: vec4f;
var<private> r2: vec4f;
var<private> l3: vec4f;
var<private> r3: vec4f;
var<private> l4: vec4f;
var<private> r4: vec4f;
var<private> l5: vec4f;
var<private> r5: vec4f;
var<private> l6: vec4f;
var<private> r6: vec4f;
var<private> l7: vec4f;
var<private> r7: vec4f;
var<private> l8: vec4f;
var<private> r8: vec4f;
var<private> l9: vec4f;
var<private> r9: vec4f;
var<private> l10: vec4f;
var<private> r10: vec4f;
var<private> l11: vec4f;
var<private> r11: vec4f;
var<private> l12: vec4f;
var<private> r12: vec4f;
var<private> l13: vec4f;
var<private> r13: vec4f;
var<private> l14: vec4f;
var<private> r14: vec4f;
var<private> l15: vec4f;
var<private> r15: vec4f;

// This lane's elements of a column of 16, which lie `row_step` apart in memory from `at` on: those of rows LANES apart.
// Rows past the last are clamped.
fn rows_of_lane(at: u32, row: u32, lane: u32, last: u32, row_step: u32) -> vec4u {
  return at + min(row + lane + LANES * vec4u(0u, 1u, 2u, 3u), vec4u(last)) * row_step;
}

fn load_rows(at: vec4u, step: u32) -> vec4f {
  var from_a = vec4f(load_a(at.x + step), 0.0, 0.0, 0.0);
  if (LANES <= 8u) {
    from_a.y = load_a(at.y + step);
  }
  if (LANES == 4u) {
    from_a.z = load_a(at.z + step);
    from_a.w = load_a(at.w + step);
  }
  return from_a;
}

// Adds the products of one p. In uniform control flow.
fn add_products(from_a: vec4f, left: vec4f, right: vec4f) {
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
}

// Left and right of each row in turn.
fn tile_sums() -> array<vec4f, 32> {
  return array<vec4f, 32>(
    l0, r0, l1, r1, l2, r2, l3, r3, l4, r4, l5, r5, l6, r6, l7, r7,
    l8, r8, l9, r9, l10, r10, l11, r11, l12, r12, l13, r13, l14, r14, l15, r15,
  );
}
