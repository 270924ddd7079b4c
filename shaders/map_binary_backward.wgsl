// dx = the gradient of one operand of f(a, b): its vjp, summed over the axes along which that operand was broadcast.
//
// Shapes: dx [chunks, outputs]; dy, a, b as the walk's operands u, v, w. Axes 0 to SUMMED - 1 of the walk (`terms`
//         elements) are summed, the others (`outputs` elements) are kept. Chunk c sums terms c * chunk_terms and on:
//         with more than one chunk, a second pass sums dx over them. OPERAND: 0 for a, 1 for b.
// Work:   an invocation an output and chunk, grid-stride, adjacent ones at adjacent outputs.
// Memory: reads dy, and a and b where vjp does; writes an output and chunk once.

//#include "lib/element.wgsl"
//#include "lib/walk.wgsl"

// u32 for the condition of where().
alias B = f32;
// In memory, half as wide for f16.
alias StoredDy = f32;
alias StoredA = f32;
alias StoredB = B;
alias StoredDx = f32;

struct Params {
  outputs: u32,
  terms: u32,
  chunks: u32,
  chunk_terms: u32,
  extent_0: u32,
  extent_1: u32,
  extent_2: u32,
  extent_3: u32,
  extent_4: u32,
  extent_5: u32,
  u_0: u32,
  u_1: u32,
  u_2: u32,
  u_3: u32,
  u_4: u32,
  u_5: u32,
  v_0: u32,
  v_1: u32,
  v_2: u32,
  v_3: u32,
  v_4: u32,
  v_5: u32,
  w_0: u32,
  w_1: u32,
  w_2: u32,
  w_3: u32,
  w_4: u32,
  w_5: u32,
}

override WORKGROUP: u32 = 64u;
override OPERAND: u32 = 0u;
override RANK: u32 = 6u;
override SUMMED: u32 = 3u;

@group(0) @binding(0) var<storage, read> dy: array<StoredDy>;
@group(0) @binding(1) var<storage, read> a: array<StoredA>;
@group(0) @binding(2) var<storage, read> b: array<StoredB>;
@group(0) @binding(3) var<storage, read_write> dx: array<StoredDx>;
@group(0) @binding(4) var<uniform> params: Params;

// The gradients of both operands.
fn vjp(dy: f32, a: f32, b: B) -> vec2f {
  return vec2f(dy, dy);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let items = params.outputs * params.chunks;
  for (var i = workgroup.x * WORKGROUP + lane; i < items; i += workgroups.x * WORKGROUP) {
    let chunk = i / params.outputs;
    let kept = walk(i - chunk * params.outputs, SUMMED, RANK);
    let first = chunk * params.chunk_terms;
    let last = min(first + params.chunk_terms, params.terms);
    var sum = 0.0;
    for (var term = first; term < last; term++) {
      let at = kept + walk(term, 0u, SUMMED);
      sum += vjp(f32(dy[at.x]), f32(a[at.y]), B(b[at.z]))[OPERAND];
    }
    dx[i] = StoredDx(sum);
  }
}
