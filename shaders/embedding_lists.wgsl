// A list of positions for each token, in whatever order invocations run: heads[v] and below[i] are positions plus one,
// 0 where the list ends.
//
// Shapes: tokens, below [count] (u32 bits); heads [vocab], zero before.
// Work:   one invocation a position; one integer atomic each.
// Memory: 12 bytes a position.

struct Params {
  vocab: u32,
  count: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> tokens: array<u32>;
@group(0) @binding(1) var<storage, read_write> heads: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read_write> below: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

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
  // A token out of range was reported by the forward and has no row.
  if (token < params.vocab) {
    below[i] = atomicExchange(&heads[token], i + 1u);
  }
}
