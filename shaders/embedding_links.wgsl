// Chains the positions of each token in order: links[i] = the next position with the token of i, or count where there
// is none; FIRST is set where no earlier position has it. The lists' order does not show in the chains.
//
// Shapes: tokens, below, links [count], heads [vocab]: see embedding_forward.wgsl.
// Work:   one invocation a position: it looks at NEAR neighbours on each side, and walks its token's list if that did
//         not settle both. Frequent tokens are near, rare ones have short lists: about 100 steps a position at worst
//         for tokens drawn at random, whatever their frequencies.
// Memory: a few hundred bytes a position, from cache.
// Source: replaces a sort or float atomics: the chains fix the order of the sums in embedding_backward.wgsl.

struct Params {
  vocab: u32,
  count: u32,
}

const FIRST: u32 = 0x80000000u;
const NEAR: u32 = 32u;

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> tokens: array<u32>;
@group(0) @binding(1) var<storage, read> heads: array<u32>;
@group(0) @binding(2) var<storage, read> below: array<u32>;
@group(0) @binding(3) var<storage, read_write> links: array<u32>;
@group(0) @binding(4) var<uniform> params: Params;

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
  if (token >= params.vocab) {
    links[i] = params.count;
    return;
  }
  let start = max(i, NEAR) - NEAR;
  var j = i;
  while (j > start && tokens[j - 1u] != token) {
    j--;
  }
  // j stopped behind an equal token, at the first position, or undecided.
  var has_before = j > start;
  let settled_before = has_before || start == 0u;
  let end = min(i + 1u + NEAR, params.count);
  var next = i + 1u;
  while (next < end && tokens[next] != token) {
    next++;
  }
  let settled_next = next < end || end == params.count;
  if (!settled_before || !settled_next) {
    var nearest = params.count;
    for (var entry = heads[token]; entry != 0u; entry = below[entry - 1u]) {
      let position = entry - 1u;
      has_before = has_before || position < i;
      if (position > i) {
        nearest = min(nearest, position);
      }
    }
    next = nearest;
  }
  links[i] = select(next | FIRST, next, has_before);
}
