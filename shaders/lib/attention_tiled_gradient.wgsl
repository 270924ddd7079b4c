// What the tiled backward kernels of attention share: rows of dout, and inner products of two kinds at once.

//#include "lib/attention_tiled.wgsl"

// Where rows are split, two inner products of the block's rows with a tile's, of q and k, and of dout and v: first each
// lane's part, then, where the row's first lane was, the sum.
var<workgroup> products: array<vec2f, TILE * WORKGROUP>;

// Every lane sums for some rows of the tile.
fn join_products(rows: u32, lane: u32, part: u32) {
  workgroupBarrier();
  for (var t = part; t < rows; t += SPLIT) {
    let first = t * WORKGROUP + lane - part;
    var sum = vec2f(0.0);
    for (var at = first; at < first + SPLIT; at++) {
      sum += products[at];
    }
    products[first] = sum;
  }
  workgroupBarrier();
}

// This lane's part of both, with row t of the tiles.
fn part_of_products(head_row: ptr<function, array<vec4f, HEAD_PART>>, value_row: ptr<function, array<vec4f, VALUE_PART>>, t: u32, part: u32) -> vec2f {
  return vec2f(head_dot(head_row, t, part), value_dot(value_row, t, part));
}

// Both, whole.
fn products_of(head_row: ptr<function, array<vec4f, HEAD_PART>>, value_row: ptr<function, array<vec4f, VALUE_PART>>, t: u32, first_lane: u32) -> vec2f {
  if (SPLIT == 1u) {
    return part_of_products(head_row, value_row, t, 0u);
  }
  return products[t * WORKGROUP + first_lane];
}

fn load_dout(at: u32, left: u32) -> vec4f {
  return padded(vec4f(f32(dout[at]), f32(dout[at + 1u]), f32(dout[at + 2u]), f32(dout[at + 3u])), left);
}

// Where a row of o and of dout begins: they lie alike.
fn o_start(batch: u32, head: u32, query: u32) -> u32 {
  return params.o_offset + batch * params.o_batch + head * params.o_head + query * params.o_row;
}
