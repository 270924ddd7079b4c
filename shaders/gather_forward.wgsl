// y[o, c, i] = x[o, index(o, c, i), i]; zero where the index is out of range.
//
// Shapes: x [outer, extent, inner], y [outer, count, inner]; index (u32 bits) at o * index_outer + c * index_count +
//         i * index_inner: all three for gather, only c for indexSelect.
// Work:   one invocation an element of y.
// Memory: 12 bytes an element of y.

//#include "lib/index_check.wgsl"

struct Params {
  outer: u32,
  extent: u32,
  inner: u32,
  count: u32,
  index_outer: u32,
  index_count: u32,
  index_inner: u32,
}

// The bits of any type.
alias StoredX = u32;
alias StoredY = u32;
override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<StoredX>;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<StoredY>;
@group(0) @binding(3) var<storage, read_write> faults: IndexFaults;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (id >= params.outer * params.count * params.inner) {
    return;
  }
  let i = id % params.inner;
  let c = id / params.inner % params.count;
  let o = id / (params.inner * params.count);
  let position = o * params.index_outer + c * params.index_count + i * params.index_inner;
  let e = index[position];
  if (!check_index(e, params.extent, position)) {
    y[id] = StoredY();
    return;
  }
  y[id] = StoredY(x[(o * params.extent + e) * params.inner + i]);
}
