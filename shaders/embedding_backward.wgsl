// dweight[v, c] = sum of dy[i, c] over the positions i with tokens[i] = v, in order: no atomics.
//
// Shapes: tokens [count] (u32 bits), dy [count, width], dweight [vocab, width].
// Work:   one invocation a (row of the vocabulary, column): it walks all tokens.
// Memory: 4 * vocab * width * count bytes of tokens, mostly from cache: for small vocabularies.

struct Params {
  vocab: u32,
  width: u32,
  count: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> tokens: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dweight: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (id >= params.vocab * params.width) {
    return;
  }
  let row = id / params.width;
  let col = id % params.width;
  var sum = 0.0;
  for (var i = 0u; i < params.count; i++) {
    if (tokens[i] == row) {
      sum += dy[i * params.width + col];
    }
  }
  dweight[id] = sum;
}
