// Tiles of ROWS rows by 8 columns in the registers of each invocation. Those of a subgroup lie side by side, and its lanes
// share what they load of a. The including kernel enables subgroups and declares `load_a(at: u32) -> f32`.

// The adapter's subgroup size: 4, 8, 16 or 32.
const LANES: u32 = 8u;
// 16 or 32: as many as four elements of a in each lane make. The taller tile reads b half as often, and that is a third of the time.
const ROWS: u32 = 4u * min(LANES, 8u);

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
var<private> l16: vec4f;
var<private> r16: vec4f;
var<private> l17: vec4f;
var<private> r17: vec4f;
var<private> l18: vec4f;
var<private> r18: vec4f;
var<private> l19: vec4f;
var<private> r19: vec4f;
var<private> l20: vec4f;
var<private> r20: vec4f;
var<private> l21: vec4f;
var<private> r21: vec4f;
var<private> l22: vec4f;
var<private> r22: vec4f;
var<private> l23: vec4f;
var<private> r23: vec4f;
var<private> l24: vec4f;
var<private> r24: vec4f;
var<private> l25: vec4f;
var<private> r25: vec4f;
var<private> l26: vec4f;
var<private> r26: vec4f;
var<private> l27: vec4f;
var<private> r27: vec4f;
var<private> l28: vec4f;
var<private> r28: vec4f;
var<private> l29: vec4f;
var<private> r29: vec4f;
var<private> l30: vec4f;
var<private> r30: vec4f;
var<private> l31: vec4f;
var<private> r31: vec4f;

// This lane's elements of a column of ROWS, which lie `row_step` apart in memory from `at` on: those of rows LANES apart.
// Rows past the last are clamped.
fn rows_of_lane(at: u32, row: u32, lane: u32, last: u32, row_step: u32) -> vec4u {
  return at + min(row + lane + LANES * vec4u(0u, 1u, 2u, 3u), vec4u(last)) * row_step;
}

fn load_rows(at: vec4u, step: u32) -> vec4f {
  var from_a = vec4f(load_a(at.x + step), 0.0, 0.0, 0.0);
  if (LANES < ROWS) {
    from_a.y = load_a(at.y + step);
  }
  if (2u * LANES < ROWS) {
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
  if (ROWS > 16u) {
    // The remainder is for subgroups of 4, where an index past the end would be an error though nothing runs.
    let a16 = subgroupBroadcast(from_a[16u / LANES % 4u], 16u % LANES);
    l16 += a16 * left;
    r16 += a16 * right;
    let a17 = subgroupBroadcast(from_a[17u / LANES % 4u], 17u % LANES);
    l17 += a17 * left;
    r17 += a17 * right;
    let a18 = subgroupBroadcast(from_a[18u / LANES % 4u], 18u % LANES);
    l18 += a18 * left;
    r18 += a18 * right;
    let a19 = subgroupBroadcast(from_a[19u / LANES % 4u], 19u % LANES);
    l19 += a19 * left;
    r19 += a19 * right;
    let a20 = subgroupBroadcast(from_a[20u / LANES % 4u], 20u % LANES);
    l20 += a20 * left;
    r20 += a20 * right;
    let a21 = subgroupBroadcast(from_a[21u / LANES % 4u], 21u % LANES);
    l21 += a21 * left;
    r21 += a21 * right;
    let a22 = subgroupBroadcast(from_a[22u / LANES % 4u], 22u % LANES);
    l22 += a22 * left;
    r22 += a22 * right;
    let a23 = subgroupBroadcast(from_a[23u / LANES % 4u], 23u % LANES);
    l23 += a23 * left;
    r23 += a23 * right;
    let a24 = subgroupBroadcast(from_a[24u / LANES % 4u], 24u % LANES);
    l24 += a24 * left;
    r24 += a24 * right;
    let a25 = subgroupBroadcast(from_a[25u / LANES % 4u], 25u % LANES);
    l25 += a25 * left;
    r25 += a25 * right;
    let a26 = subgroupBroadcast(from_a[26u / LANES % 4u], 26u % LANES);
    l26 += a26 * left;
    r26 += a26 * right;
    let a27 = subgroupBroadcast(from_a[27u / LANES % 4u], 27u % LANES);
    l27 += a27 * left;
    r27 += a27 * right;
    let a28 = subgroupBroadcast(from_a[28u / LANES % 4u], 28u % LANES);
    l28 += a28 * left;
    r28 += a28 * right;
    let a29 = subgroupBroadcast(from_a[29u / LANES % 4u], 29u % LANES);
    l29 += a29 * left;
    r29 += a29 * right;
    let a30 = subgroupBroadcast(from_a[30u / LANES % 4u], 30u % LANES);
    l30 += a30 * left;
    r30 += a30 * right;
    let a31 = subgroupBroadcast(from_a[31u / LANES % 4u], 31u % LANES);
    l31 += a31 * left;
    r31 += a31 * right;
  }
}

// Left and right of each row in turn.
fn tile_sums() -> array<vec4f, 2u * ROWS> {
  var sums: array<vec4f, 2u * ROWS>;
  sums[0] = l0;
  sums[1] = r0;
  sums[2] = l1;
  sums[3] = r1;
  sums[4] = l2;
  sums[5] = r2;
  sums[6] = l3;
  sums[7] = r3;
  sums[8] = l4;
  sums[9] = r4;
  sums[10] = l5;
  sums[11] = r5;
  sums[12] = l6;
  sums[13] = r6;
  sums[14] = l7;
  sums[15] = r7;
  sums[16] = l8;
  sums[17] = r8;
  sums[18] = l9;
  sums[19] = r9;
  sums[20] = l10;
  sums[21] = r10;
  sums[22] = l11;
  sums[23] = r11;
  sums[24] = l12;
  sums[25] = r12;
  sums[26] = l13;
  sums[27] = r13;
  sums[28] = l14;
  sums[29] = r14;
  sums[30] = l15;
  sums[31] = r15;
  if (ROWS > 16u) {
    const past = 2u * ROWS - 32u;
    sums[past + 0u] = l16;
    sums[past + 1u] = r16;
    sums[past + 2u] = l17;
    sums[past + 3u] = r17;
    sums[past + 4u] = l18;
    sums[past + 5u] = r18;
    sums[past + 6u] = l19;
    sums[past + 7u] = r19;
    sums[past + 8u] = l20;
    sums[past + 9u] = r20;
    sums[past + 10u] = l21;
    sums[past + 11u] = r21;
    sums[past + 12u] = l22;
    sums[past + 13u] = r22;
    sums[past + 14u] = l23;
    sums[past + 15u] = r23;
    sums[past + 16u] = l24;
    sums[past + 17u] = r24;
    sums[past + 18u] = l25;
    sums[past + 19u] = r25;
    sums[past + 20u] = l26;
    sums[past + 21u] = r26;
    sums[past + 22u] = l27;
    sums[past + 23u] = r27;
    sums[past + 24u] = l28;
    sums[past + 25u] = r28;
    sums[past + 26u] = l29;
    sums[past + 27u] = r29;
    sums[past + 28u] = l30;
    sums[past + 29u] = r30;
    sums[past + 30u] = l31;
    sums[past + 31u] = r31;
  }
  return sums;
}
