// y[i, c] = weight[tokens[i], c] + positions[offset + i % seq, c], after dropout; 0 for weight where a token is out of
// range. With LISTS also a list of positions for each token, in whatever order invocations run, for the backward:
// heads[v] and below[i] are positions plus one, 0 where the list ends.
//
// Shapes: weight [vocab, width], positions [block, width], tokens [count] (u32 bits), y [count, width]; heads [vocab],
//         zero before; below [count].
// Work:   LANES invocations a token; the first of them adds it to its list: one integer atomic.
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
  let first = (workgroup.x + workgroup.y * workgroups.x) * ROWS;
  let end = min(first + ROWS, params.count);
  let dropout = dropout_of(params.rate, held_rate);
  for (var i = first + lane / LANES; i < end; i += WORKGROUP / LANES) {
    let token = tokens[i];
    let known = token < params.vocab;
    let source = select(0u, token * params.width, known);
    var position = 0u;
    if (HAS_POSITIONS) {
      position = (params.offset + i % params.seq) * params.width;
    }
    for (var col = lane % LANES; col < params.width; col += LANES) {
      let at = i * params.width + col;
      var value = select(Element(), weight[source + col], known);
      if (HAS_POSITIONS) {
        value += positions[position + col];
      }
      if (DROPOUT) {
        value = dropped(value, at, dropout);
      }
      y[at] = value;
    }
    if (lane % LANES == 0u && check_index(token, params.vocab, i) && LISTS) {
      below[i] = atomicExchange(&heads[token], i + 1u);
    }
  }
}
