// dweight[v, c] = sum of dy[i, c] over the positions i with tokens[i] = v, in order: no atomics.
//
// Shapes: tokens, links [count] from embedding_links; dy [count, width]; dweight [vocab, width], zero before.
// Work:   one invocation a position and column, or four columns where Element is vec4f (width then counts fours); those
//         at the start of a chain walk it and write its row. Runs of 64 are summed apart, so that the error of a
//         frequent token grows with 64 + its count / 64.
// Memory: 4 bytes an element of dy, and one row of dweight for each token that occurs.

alias Element = f32;

struct Params {
  vocab: u32,
  width: u32,
  count: u32,
}

const FIRST: u32 = 0x80000000u;

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> tokens: array<u32>;
@group(0) @binding(1) var<storage, read> links: array<u32>;
@group(0) @binding(2) var<storage, read> dy: array<Element>;
@group(0) @binding(3) var<storage, read_write> dweight: array<Element>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (id >= params.count * params.width) {
    return;
  }
  let first = id / params.width;
  let col = id % params.width;
  let row = tokens[first];
  // A token out of range was reported by the forward and has no row.
  if ((links[first] & FIRST) == 0u || row >= params.vocab) {
    return;
  }
  var total = Element(0);
  var i = first;
  while (i < params.count) {
    var run = Element(0);
    for (var step = 0u; step < 64u && i < params.count; step++) {
      run += dy[i * params.width + col];
      i = links[i] & ~FIRST;
    }
    total += run;
  }
  dweight[row * params.width + col] = total;
}
