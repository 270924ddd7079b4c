// Chains the positions of each token: links[i] = the next position with the token of i, or count where there is none;
// HEAD is set where no earlier position has it.
//
// Shapes: tokens, links [count] (u32 bits).
// Work:   one invocation a position, which looks back for its token and then forward.
// Memory: at most 4 * count^2 bytes of tokens, from cache: count is a batch's tokens, thousands at most.
// Source: replaces a sort or float atomics: the chains fix the order of the sums in embedding_backward.

struct Params {
  count: u32,
}

const HEAD: u32 = 0x80000000u;

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> tokens: array<u32>;
@group(0) @binding(1) var<storage, read_write> links: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (i >= params.count) {
    return;
  }
  let token = tokens[i];
  var before = i;
  while (before > 0u && tokens[before - 1u] != token) {
    before--;
  }
  var next = i + 1u;
  while (next < params.count && tokens[next] != token) {
    next++;
  }
  links[i] = select(next, next | HEAD, before == 0u);
}
