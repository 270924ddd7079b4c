// What the tiled backward kernels of attention share: rows of dout, and inner products of two kinds at once.

//#include "lib/attention_tiled.wgsl"

// Two inner products of the block's rows with a tile's, of q and k, and of dout and v: first each lane's part, then,
// where the row's first lane was, the sum.
var<workgroup> products: array<vec2f, TILE * WORKGROUP>;

// Every lane sums for some rows of the tile.
fn join_products(count: u32, lane: u32, part: u32) {
  if (SPLIT == 1u) {
    return;
  }
  workgroupBarrier();
  for (var t = part; t < count; t += SPLIT) {
    let first = t * WORKGROUP + lane - part;
    var sum = vec2f(0.0);
    for (var at = first; at < first + SPLIT; at++) {
      sum += products[at];
    }
    products[first] = sum;
  }
  workgroupBarrier();
}

fn load_dout(at: u32, left: u32) -> vec4f {
  return padded(vec4f(f32(dout[at]), f32(dout[at + 1u]), f32(dout[at + 2u]), f32(dout[at + 3u])), left);
}

// Where a row of o and of dout begins: they lie alike.
fn o_start(batch: u32, head: u32, query: u32) -> u32 {
  return params.o_offset + batch * params.o_batch + head * params.o_head + query * params.o_row;
}
