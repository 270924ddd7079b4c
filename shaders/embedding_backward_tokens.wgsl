// dweight[v, c] = sum of dy[i, c], after dropout, over the positions i with tokens[i] = v, in order: no atomics. With
// ACCUMULATE added to what dweight holds.
//
// Shapes: tokens, links [count] from embedding_links.wgsl; dy [count, width]; dweight [vocab, width], zero before
//         without ACCUMULATE.
// Work:   LANES invocations a position; those at the start of a chain walk it and write its row. Runs of 64 are summed
//         apart, so that the error of a frequent token grows with 64 + its count / 64.
// Memory: 4 bytes an element of dy, and one row of dweight for each token that occurs.

//#include "lib/embedding.wgsl"

override ACCUMULATE: bool = false;

const FIRST: u32 = 0x80000000u;

@group(0) @binding(0) var<storage, read> tokens: array<u32>;
@group(0) @binding(1) var<storage, read> links: array<u32>;
@group(0) @binding(2) var<storage, read> dy: array<Element>;
@group(0) @binding(3) var<storage, read_write> dweight: array<Element>;
@group(0) @binding(4) var<uniform> held_rate: f32;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let start = (workgroup.x + workgroup.y * workgroups.x) * ROWS;
  let stop = min(start + ROWS, params.count);
  let dropout = dropout_of(params.rate, held_rate);
  for (var first = start + lane / LANES; first < stop; first += WORKGROUP / LANES) {
    let row = tokens[first];
    // A token out of range was reported by the forward and has no row.
    if ((links[first] & FIRST) != 0u && row < params.vocab) {
      for (var col = lane % LANES; col < params.width; col += LANES) {
        add_chain(first, row * params.width + col, col, dropout);
      }
    }
  }
}

fn add_chain(first: u32, place: u32, col: u32, dropout: Dropout) {
  var total = Element();
  var i = first;
  while (i < params.count) {
    var run = Element();
    for (var step = 0u; step < 64u && i < params.count; step++) {
      let at = i * params.width + col;
      if (DROPOUT) {
        run += dropped(dy[at], at, dropout);
      } else {
        run += dy[at];
      }
      i = links[i] & ~FIRST;
    }
    total += run;
  }
  if (ACCUMULATE) {
    total += dweight[place];
  }
  dweight[place] = total;
}
