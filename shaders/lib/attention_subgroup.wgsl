// What attention by subgroups shares: Params, and tiles of ROWS rows.
//
// A workgroup is one subgroup of LANES. It owns a block of ROWS rows of one plane, a plane being one query head of one
// batch. Of a tile [ROWS, 4 LANES] each lane has four neighbouring columns of all rows in registers. What belongs to a
// row is loaded by one lane and handed on by subgroupBroadcast: on software adapters a load costs three times as much.
// Strided operands are told by elements from one batch, head and row to the next; a gradient has the strides of what
// it is the gradient of.

enable subgroups;

// The adapter's subgroup size: 4, 8, 16 or 32.
const LANES: u32 = 8u;
// 16, or 4 where there are no more queries.
const ROWS: u32 = 16u;

struct Params {
  // Planes of this launch, and the first of them.
  planes: u32,
  first_plane: u32,
  heads: u32,
  // Heads of queries that share a head of keys and values.
  group: u32,
  queries: u32,
  keys: u32,
  head_dim: u32,
  value_dim: u32,
  scale: f32,
  // 1: query i sees key j when j <= i + query_offset.
  causal: u32,
  query_offset: u32,
  mask_batch: u32,
  mask_head: u32,
  mask_row: u32,
  mask_col: u32,
  // Of the dropout; below 0 where held_rate holds it.
  rate: f32,
  stream: u32,
  draw: u32,
  seed: u32,
  q_offset: u32,
  q_batch: u32,
  q_head: u32,
  q_row: u32,
  k_offset: u32,
  k_batch: u32,
  k_head: u32,
  k_row: u32,
  v_offset: u32,
  v_batch: u32,
  v_head: u32,
  v_row: u32,
  o_offset: u32,
  o_batch: u32,
  o_head: u32,
  o_row: u32,
  dq_offset: u32,
  dk_offset: u32,
  dv_offset: u32,
  // Length of a row of the weights that backward stores: a multiple of 4 LANES.
  cols: u32,
}

// One column of a matrix is a row's four elements.
struct Tile {
  a: mat4x4f,
  b: mat4x4f,
  c: mat4x4f,
  d: mat4x4f,
}

// A number for each row, the same in all lanes.
struct Rows {
  a: vec4f,
  b: vec4f,
  c: vec4f,
  d: vec4f,
}

// Where the rows begin that this lane loads for all: LANES apart. Past the last they repeat it.
fn own_rows(row: u32, lane: u32, last: u32) -> vec4u {
  return min(row + lane + LANES * vec4u(0u, 1u, 2u, 3u), vec4u(last));
}

// Everybody's numbers from what each lane has of its own rows.
fn spread(own: vec4f) -> Rows {
  var rows = Rows();
  rows.a = vec4f(
    subgroupBroadcast(own[0u / LANES], 0u % LANES),
    subgroupBroadcast(own[1u / LANES], 1u % LANES),
    subgroupBroadcast(own[2u / LANES], 2u % LANES),
    subgroupBroadcast(own[3u / LANES], 3u % LANES),
  );
  if (ROWS > 4u) {
    rows.b = vec4f(
      subgroupBroadcast(own[4u / LANES], 4u % LANES),
      subgroupBroadcast(own[5u / LANES], 5u % LANES),
      subgroupBroadcast(own[6u / LANES], 6u % LANES),
      subgroupBroadcast(own[7u / LANES], 7u % LANES),
    );
    rows.c = vec4f(
      subgroupBroadcast(own[8u / LANES], 8u % LANES),
      subgroupBroadcast(own[9u / LANES], 9u % LANES),
      subgroupBroadcast(own[10u / LANES], 10u % LANES),
      subgroupBroadcast(own[11u / LANES], 11u % LANES),
    );
    rows.d = vec4f(
      subgroupBroadcast(own[12u / LANES], 12u % LANES),
      subgroupBroadcast(own[13u / LANES], 13u % LANES),
      subgroupBroadcast(own[14u / LANES], 14u % LANES),
      subgroupBroadcast(own[15u / LANES], 15u % LANES),
    );
  }
  return rows;
}

fn outer(rows: vec4f, cols: vec4f) -> mat4x4f {
  return mat4x4f(rows.x * cols, rows.y * cols, rows.z * cols, rows.w * cols);
}

// tile + rows * colsᵀ, each lane with its own rows' numbers and columns.
fn plus_outer(tile: Tile, own: vec4f, cols: vec4f) -> Tile {
  let rows = spread(own);
  var sum = tile;
  sum.a += outer(rows.a, cols);
  if (ROWS > 4u) {
    sum.b += outer(rows.b, cols);
    sum.c += outer(rows.c, cols);
    sum.d += outer(rows.d, cols);
  }
  return sum;
}

// The tile row by row, for loops that load or store. Such a loop counts rows of the operand: a driver that sees it count to
// 16 unrolls it, and then memory accesses are most of what it has to compile.
fn rows_of(tile: Tile) -> array<vec4f, 16> {
  return array<vec4f, 16>(
    tile.a[0], tile.a[1], tile.a[2], tile.a[3],
    tile.b[0], tile.b[1], tile.b[2], tile.b[3],
    tile.c[0], tile.c[1], tile.c[2], tile.c[3],
    tile.d[0], tile.d[1], tile.d[2], tile.d[3],
  );
}

fn tile_of(rows: array<vec4f, 16>) -> Tile {
  return Tile(
    mat4x4f(rows[0], rows[1], rows[2], rows[3]),
    mat4x4f(rows[4], rows[5], rows[6], rows[7]),
    mat4x4f(rows[8], rows[9], rows[10], rows[11]),
    mat4x4f(rows[12], rows[13], rows[14], rows[15]),
  );
}
