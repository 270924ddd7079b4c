// dweight[v, c] = sum of dy[i, c] over the positions i with tokens[i] = v, in order: no atomics.
//
// Shapes: tokens, links [count] from embedding_links; dy [count, width]; dweight [vocab, width], zero before.
// Work:   one invocation a (position, column); those at the head of a chain walk it and write its row.
// Memory: 4 bytes an element of dy, and one row of dweight for each token that occurs.

struct Params {
  vocab: u32,
  width: u32,
  count: u32,
}

const HEAD: u32 = 0x80000000u;

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> tokens: array<u32>;
@group(0) @binding(1) var<storage, read> links: array<u32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dweight: array<f32>;
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
  let head = id / params.width;
  let col = id % params.width;
  let row = tokens[head];
  // A token out of range was reported by the forward and has no row.
  if ((links[head] & HEAD) == 0u || row >= params.vocab) {
    return;
  }
  var sum = 0.0;
  for (var i = head; i < params.count; i = links[i] & ~HEAD) {
    sum += dy[i * params.width + col];
  }
  dweight[row * params.width + col] = sum;
}
