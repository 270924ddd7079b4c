// y[i, c] = weight[tokens[i], c]; zero where a token is out of range.
//
// Shapes: weight [vocab, width], tokens [count] (u32 bits), y [count, width].
// Work:   one invocation an element, or four neighbours where Element is vec4f (width then counts fours).
// Memory: 8 bytes an element.

//#include "lib/index_check.wgsl"

alias Element = f32;

struct Params {
  vocab: u32,
  width: u32,
  count: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> weight: array<Element>;
@group(0) @binding(1) var<storage, read> tokens: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<Element>;
@group(0) @binding(3) var<storage, read_write> faults: IndexFaults;
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
  let position = id / params.width;
  let token = tokens[position];
  if (!check_index(token, params.vocab, position)) {
    y[id] = Element(0);
    return;
  }
  y[id] = weight[token * params.width + id % params.width];
}
