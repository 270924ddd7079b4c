// y[i, c] = weight[tokens[i], c] + positions[offset + i % seq, c], after dropout; 0 for weight where a token is out of
// range. With LISTS also a list of positions for each token, in whatever order invocations run, for the backward:
// heads[v] and below[i] are positions plus one, 0 where the list ends.
//
// Shapes: weight [vocab, width], positions [block, width], tokens [count] (u32 bits), y [count, width]; heads [vocab],
//         zero before; below [count].
// Work:   one invocation an Element. The first of a token adds it to its list: one integer atomic.
// Memory: 8 bytes an element, 12 with positions.

//#include "lib/embedding.wgsl"
//#include "lib/index_check.wgsl"

override HAS_POSITIONS: bool = false;
override LISTS: bool = false;

@group(0) @binding(0) var<storage, read> weight: array<Element>;
@group(0) @binding(1) var<storage, read> positions: array<Element>;
@group(0) @binding(2) var<storage, read> tokens: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<Element>;
@group(0) @binding(4) var<storage, read_write> heads: array<atomic<u32>>;
@group(0) @binding(5) var<storage, read_write> below: array<u32>;
@group(0) @binding(6) var<storage, read_write> faults: IndexFaults;
@group(0) @binding(7) var<uniform> held_rate: f32;
@group(0) @binding(8) var<uniform> params: Params;

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
  let i = id / params.width;
  let col = id % params.width;
  let token = tokens[i];
  let known = check_index(token, params.vocab, i);
  var value = Element();
  if (known) {
    value = weight[token * params.width + col];
  }
  if (HAS_POSITIONS) {
    value += positions[(params.offset + i % params.seq) * params.width + col];
  }
  if (DROPOUT) {
    value = dropped(value, id, dropout_of(params.rate, held_rate));
  }
  y[id] = value;
  if (LISTS && known && col == 0u) {
    below[i] = atomicExchange(&heads[token], i + 1u);
  }
}
