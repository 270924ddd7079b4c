// dpositions[offset + t, c] = sum over the batch of dy[b, t, c], after dropout; 0 at positions that were not used. With
// ACCUMULATE added to what dpositions holds.
//
// Shapes: dy [batch, seq, width], count = batch * seq; dpositions [block, width].
// Work:   one invocation an Element of dpositions; the batch in order, in runs of 64.
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
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (id >= arrayLength(&dpositions)) {
    return;
  }
  let dropout = dropout_of(params.rate, held_rate);
  // Below 0, and so large, before the first position.
  let t = id / params.width - params.offset;
  var total = Element();
  if (t < params.seq) {
    let stride = params.seq * params.width;
    let size = params.count * params.width;
    var at = t * params.width + id % params.width;
    while (at < size) {
      var run = Element();
      for (var step = 0u; step < 64u && at < size; step++) {
        if (DROPOUT) {
          run += dropped(dy[at], at, dropout);
        } else {
          run += dy[at];
        }
        at += stride;
      }
      total += run;
    }
  }
  if (ACCUMULATE) {
    total += dpositions[id];
  }
  dpositions[id] = total;
}
