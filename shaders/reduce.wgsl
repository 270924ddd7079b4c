// y_k = finish(combine over r of contribution(x_kr)): sum, mean, max, min, variance, norms. The default is a sum.
//
// Shapes: x seen as up to three kept axes k and three reduced axes r, each with its stride; s, y [outputs].
//         With more than one chunk, y [chunks, outputs] holds what each chunk combined, for a second launch.
// Work:   one invocation an output and chunk; runs of 64 are combined apart and then together, so that an error grows
//         with 64 + length / 64. Four neighbours at once where Element is vec4f: four outputs, or four partial results.
// Memory: 4 bytes an element.

//#include "lib/reduce_steps.wgsl"

alias Element = f32;
alias Shift = f32;
alias Bits = u32;
alias Truth = bool;

struct Params {
  outputs: u32,
  chunks: u32,
  chunk_length: u32,
  count: u32,
  scale: f32,
  kept_extent1: u32,
  kept_extent2: u32,
  kept_stride0: u32,
  kept_stride1: u32,
  kept_stride2: u32,
  extent1: u32,
  extent2: u32,
  stride0: u32,
  stride1: u32,
  stride2: u32,
}

override WORKGROUP: u32 = 16u;
// The first launch of two finishes nothing; the second takes its elements as they are.
override CONTRIBUTE: bool = true;
override FINISH: bool = true;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> s: array<Shift>;
@group(0) @binding(2) var<storage, read_write> y: array<Element>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (i >= params.outputs * params.chunks) {
    return;
  }
  let k = i % params.outputs;
  let start = i / params.outputs * params.chunk_length;
  let end = min(start + params.chunk_length, params.count);
  let base = kept_offset(k);
  var shift = Element(0);
  if (CONTRIBUTE) {
    shift = Element(s[k]);
  }
  let first = value_of(x[base + reduced_offset(start)], shift);
  var total = initial(first);
  var r = start;
  while (r < end) {
    // One run: along the innermost reduced axis, 64 elements at most.
    let r2 = r % params.extent2;
    let stop = min(min(r + 64u, end), r + params.extent2 - r2);
    var at = base + reduced_offset(r);
    var run = initial(first);
    for (; r < stop; r++) {
      run = combine(run, value_of(x[at], shift));
      at += params.stride2;
    }
    total = combine(total, run);
  }
  if (FINISH) {
    total = finish(total);
  }
  y[i] = total;
}
