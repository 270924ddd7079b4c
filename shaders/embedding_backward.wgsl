// The gradients of both tables, after dropout:
//   dweight[v, c] = sum of dy[i, c] over the positions i with tokens[i] = v, in order: no atomics;
//   dpositions[offset + t, c] = sum over the batch of dy[b, t, c]; 0 at positions that were not used;
// with ADDS_W and ADDS_P added to what is there.
//
// Shapes: tokens, links [count] from embedding_links.wgsl; dy [batch, seq, width], count = batch * seq; dweight [vocab,
//         width], zero before without ADDS_W; dpositions [block, width].
// Work:   LANES invocations a row: of the tokens those at the start of a chain, which walk it, then the rows of
//         dpositions. Runs of 64 are summed apart, so that the error of a frequent token grows with 64 + its count / 64.
// Memory: 4 bytes an element of dy for each table, the rows of dweight whose tokens occur, and dpositions.

//#include "lib/embedding.wgsl"

override WANTS_W: bool = true;
override WANTS_P: bool = false;
override ADDS_W: bool = false;
override ADDS_P: bool = false;

const FIRST: u32 = 0x80000000u;

@group(0) @binding(0) var<storage, read> tokens: array<u32>;
@group(0) @binding(1) var<storage, read> links: array<u32>;
@group(0) @binding(2) var<storage, read> dy: array<Element>;
@group(0) @binding(3) var<storage, read_write> dweight: array<Element>;
@group(0) @binding(4) var<storage, read_write> dpositions: array<Element>;
@group(0) @binding(5) var<uniform> held_rate: f32;
@group(0) @binding(6) var<uniform> params: Params;

fn dy_at(i: u32, col: u32, dropout: Dropout) -> Element {
  let at = i * params.width + col;
  if (DROPOUT) {
    return dropped(dy[at], at, dropout);
  }
  return dy[at];
}

fn over_chain(first: u32, col: u32, dropout: Dropout) -> Element {
  var total = Element();
  var i = first;
  while (i < params.count) {
    var run = Element();
    for (var step = 0u; step < 64u && i < params.count; step++) {
      run += dy_at(i, col, dropout);
      i = links[i] & ~FIRST;
    }
    total += run;
  }
  return total;
}

fn over_batch(t: u32, col: u32, dropout: Dropout) -> Element {
  var total = Element();
  var i = t;
  while (i < params.count) {
    var run = Element();
    let end = min(i + 64u * params.seq, params.count);
    for (; i < end; i += params.seq) {
      run += dy_at(i, col, dropout);
    }
    total += run;
  }
  return total;
}

fn add_token(first: u32, lane: u32, dropout: Dropout) {
  let row = tokens[first];
  // A token out of range was reported by the forward and has no row.
  if ((links[first] & FIRST) == 0u || row >= params.vocab) {
    return;
  }
  for (var col = lane; col < params.width; col += LANES) {
    var total = over_chain(first, col, dropout);
    let at = row * params.width + col;
    if (ADDS_W) {
      total += dweight[at];
    }
    dweight[at] = total;
  }
}

fn add_position(row: u32, lane: u32, dropout: Dropout) {
  // Below 0, and so large, before the first position.
  let t = row - params.offset;
  for (var col = lane; col < params.width; col += LANES) {
    var total = Element();
    if (t < params.seq) {
      total = over_batch(t, col, dropout);
    }
    let at = row * params.width + col;
    if (ADDS_P) {
      total += dpositions[at];
    }
    dpositions[at] = total;
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let dropout = dropout_of(params.rate, held_rate);
  let token_rows = select(0u, params.count, WANTS_W);
  let position_rows = select(0u, params.block, WANTS_P);
  let start = (workgroup.x + workgroup.y * workgroups.x) * ROWS;
  let stop = min(start + ROWS, token_rows + position_rows);
  for (var row = start + lane / LANES; row < stop; row += WORKGROUP / LANES) {
    if (row < token_rows) {
      add_token(row, lane % LANES, dropout);
    } else {
      add_position(row - token_rows, lane % LANES, dropout);
    }
  }
}
