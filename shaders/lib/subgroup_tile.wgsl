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

// Adds the products of one p. In uniform control flow. By fma: an eighth less time on SwiftShader.
fn add_products(from_a: vec4f, left: vec4f, right: vec4f) {
  let a0 = subgroupBroadcast(from_a[0u / LANES], 0u % LANES);
  l0 = fma(vec4f(a0), left, l0);
  r0 = fma(vec4f(a0), right, r0);
  let a1 = subgroupBroadcast(from_a[1u / LANES], 1u % LANES);
  l1 = fma(vec4f(a1), left, l1);
  r1 = fma(vec4f(a1), right, r1);
  let a2 = subgroupBroadcast(from_a[2u / LANES], 2u % LANES);
  l2 = fma(vec4f(a2), left, l2);
  r2 = fma(vec4f(a2), right, r2);
  let a3 = subgroupBroadcast(from_a[3u / LANES], 3u % LANES);
  l3 = fma(vec4f(a3), left, l3);
  r3 = fma(vec4f(a3), right, r3);
  let a4 = subgroupBroadcast(from_a[4u / LANES], 4u % LANES);
  l4 = fma(vec4f(a4), left, l4);
  r4 = fma(vec4f(a4), right, r4);
  let a5 = subgroupBroadcast(from_a[5u / LANES], 5u % LANES);
  l5 = fma(vec4f(a5), left, l5);
  r5 = fma(vec4f(a5), right, r5);
  let a6 = subgroupBroadcast(from_a[6u / LANES], 6u % LANES);
  l6 = fma(vec4f(a6), left, l6);
  r6 = fma(vec4f(a6), right, r6);
  let a7 = subgroupBroadcast(from_a[7u / LANES], 7u % LANES);
  l7 = fma(vec4f(a7), left, l7);
  r7 = fma(vec4f(a7), right, r7);
  let a8 = subgroupBroadcast(from_a[8u / LANES], 8u % LANES);
  l8 = fma(vec4f(a8), left, l8);
  r8 = fma(vec4f(a8), right, r8);
  let a9 = subgroupBroadcast(from_a[9u / LANES], 9u % LANES);
  l9 = fma(vec4f(a9), left, l9);
  r9 = fma(vec4f(a9), right, r9);
  let a10 = subgroupBroadcast(from_a[10u / LANES], 10u % LANES);
  l10 = fma(vec4f(a10), left, l10);
  r10 = fma(vec4f(a10), right, r10);
  let a11 = subgroupBroadcast(from_a[11u / LANES], 11u % LANES);
  l11 = fma(vec4f(a11), left, l11);
  r11 = fma(vec4f(a11), right, r11);
  let a12 = subgroupBroadcast(from_a[12u / LANES], 12u % LANES);
  l12 = fma(vec4f(a12), left, l12);
  r12 = fma(vec4f(a12), right, r12);
  let a13 = subgroupBroadcast(from_a[13u / LANES], 13u % LANES);
  l13 = fma(vec4f(a13), left, l13);
  r13 = fma(vec4f(a13), right, r13);
  let a14 = subgroupBroadcast(from_a[14u / LANES], 14u % LANES);
  l14 = fma(vec4f(a14), left, l14);
  r14 = fma(vec4f(a14), right, r14);
  let a15 = subgroupBroadcast(from_a[15u / LANES], 15u % LANES);
  l15 = fma(vec4f(a15), left, l15);
  r15 = fma(vec4f(a15), right, r15);
  if (ROWS > 16u) {
    // The remainder is for subgroups of 4, where an index past the end would be an error though nothing runs.
    let a16 = subgroupBroadcast(from_a[16u / LANES % 4u], 16u % LANES);
    l16 = fma(vec4f(a16), left, l16);
    r16 = fma(vec4f(a16), right, r16);
    let a17 = subgroupBroadcast(from_a[17u / LANES % 4u], 17u % LANES);
    l17 = fma(vec4f(a17), left, l17);
    r17 = fma(vec4f(a17), right, r17);
    let a18 = subgroupBroadcast(from_a[18u / LANES % 4u], 18u % LANES);
    l18 = fma(vec4f(a18), left, l18);
    r18 = fma(vec4f(a18), right, r18);
    let a19 = subgroupBroadcast(from_a[19u / LANES % 4u], 19u % LANES);
    l19 = fma(vec4f(a19), left, l19);
    r19 = fma(vec4f(a19), right, r19);
    let a20 = subgroupBroadcast(from_a[20u / LANES % 4u], 20u % LANES);
    l20 = fma(vec4f(a20), left, l20);
    r20 = fma(vec4f(a20), right, r20);
    let a21 = subgroupBroadcast(from_a[21u / LANES % 4u], 21u % LANES);
    l21 = fma(vec4f(a21), left, l21);
    r21 = fma(vec4f(a21), right, r21);
    let a22 = subgroupBroadcast(from_a[22u / LANES % 4u], 22u % LANES);
    l22 = fma(vec4f(a22), left, l22);
    r22 = fma(vec4f(a22), right, r22);
    let a23 = subgroupBroadcast(from_a[23u / LANES % 4u], 23u % LANES);
    l23 = fma(vec4f(a23), left, l23);
    r23 = fma(vec4f(a23), right, r23);
    let a24 = subgroupBroadcast(from_a[24u / LANES % 4u], 24u % LANES);
    l24 = fma(vec4f(a24), left, l24);
    r24 = fma(vec4f(a24), right, r24);
    let a25 = subgroupBroadcast(from_a[25u / LANES % 4u], 25u % LANES);
    l25 = fma(vec4f(a25), left, l25);
    r25 = fma(vec4f(a25), right, r25);
    let a26 = subgroupBroadcast(from_a[26u / LANES % 4u], 26u % LANES);
    l26 = fma(vec4f(a26), left, l26);
    r26 = fma(vec4f(a26), right, r26);
    let a27 = subgroupBroadcast(from_a[27u / LANES % 4u], 27u % LANES);
    l27 = fma(vec4f(a27), left, l27);
    r27 = fma(vec4f(a27), right, r27);
    let a28 = subgroupBroadcast(from_a[28u / LANES % 4u], 28u % LANES);
    l28 = fma(vec4f(a28), left, l28);
    r28 = fma(vec4f(a28), right, r28);
    let a29 = subgroupBroadcast(from_a[29u / LANES % 4u], 29u % LANES);
    l29 = fma(vec4f(a29), left, l29);
    r29 = fma(vec4f(a29), right, r29);
    let a30 = subgroupBroadcast(from_a[30u / LANES % 4u], 30u % LANES);
    l30 = fma(vec4f(a30), left, l30);
    r30 = fma(vec4f(a30), right, r30);
    let a31 = subgroupBroadcast(from_a[31u / LANES % 4u], 31u % LANES);
    l31 = fma(vec4f(a31), left, l31);
    r31 = fma(vec4f(a31), right, r31);
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
