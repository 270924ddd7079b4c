// y_k = finish(combine over r of contribution(x_kr)): reduce.wgsl for adapters that want parallelism within a row.
//
// Shapes: x seen as up to three kept axes k and three reduced axes r, each with its stride; s, y [outputs].
//         With more than one chunk, y [chunks, outputs] holds what each chunk combined, for a second launch.
// Work:   one workgroup an output and chunk: lanes take neighbouring elements, then a tree over workgroup memory.
// Memory: 4 bytes an element.

//#include "lib/reduce_steps.wgsl"

alias Element = f32;
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

override WORKGROUP: u32 = 64u;
override CONTRIBUTE: bool = true;
override FINISH: bool = true;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> s: array<Element>;
@group(0) @binding(2) var<storage, read_write> y: array<Element>;
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> partial: array<Element, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = workgroup.x + workgroup.y * workgroups.x;
  if (i >= params.outputs * params.chunks) {
    return;
  }
  let k = i % params.outputs;
  let start = i / params.outputs * params.chunk_length;
  let end = min(start + params.chunk_length, params.count);
  let base = kept_offset(k);
  var shift = Element(0);
  if (CONTRIBUTE) {
    shift = s[k];
  }
  // Idle lanes hold what changes nothing: the initial value.
  var total = initial(value_of(x[base + reduced_offset(start)], shift));
  for (var r = start + lane; r < end; r += WORKGROUP) {
    total = combine(total, value_of(x[base + reduced_offset(r)], shift));
  }
  partial[lane] = total;
  workgroupBarrier();
  for (var span = WORKGROUP / 2u; span > 0u; span /= 2u) {
    if (lane < span) {
      partial[lane] = combine(partial[lane], partial[lane + span]);
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    total = partial[0];
    if (FINISH) {
      total = finish(total);
    }
    y[i] = total;
  }
}
