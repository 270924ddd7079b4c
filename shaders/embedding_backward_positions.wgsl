// dpositions[offset + t, c] = sum over the batch of dy[b, t, c], after dropout; 0 at positions that were not used. With
// ACCUMULATE added to what dpositions holds.
//
// Shapes: dy [batch, seq, width], count = batch * seq; dpositions [block, width].
// Work:   LANES invocations a position; the batch in order, in runs of 64.
// Memory: 4 bytes an element of dy and of dpositions.

//#include "lib/embedding.wgsl"

override ACCUMULATE: bool = false;

@group(0) @binding(0) var<storage, read> dy: array<Element>;
@group(0) @binding(1) var<storage, read_write> dpositions: array<Element>;
@group(0) @binding(2) var<uniform> held_rate: f32;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let start = (workgroup.x + workgroup.y * workgroups.x) * ROWS;
  let stop = min(start + ROWS, params.block);
  let dropout = dropout_of(params.rate, held_rate);
  for (var row = start + lane / LANES; row < stop; row += WORKGROUP / LANES) {
    // Below 0, and so large, before the first position.
    let t = row - params.offset;
    for (var col = lane % LANES; col < params.width; col += LANES) {
      var total = Element();
      if (t < params.seq) {
        total = over_batch(t, col, dropout);
      }
      let place = row * params.width + col;
      if (ACCUMULATE) {
        total += dpositions[place];
      }
      dpositions[place] = total;
    }
  }
}

fn over_batch(t: u32, col: u32, dropout: Dropout) -> Element {
  var total = Element();
  var i = t;
  while (i < params.count) {
    var run = Element();
    let end = min(i + 64u * params.seq, params.count);
    for (; i < end; i += params.seq) {
      let at = i * params.width + col;
      if (DROPOUT) {
        run += dropped(dy[at], at, dropout);
      } else {
        run += dy[at];
      }
    }
    total += run;
  }
  return total;
}
