// dx[o, e, i] = sum of dy[o, c, i] over the c with index(o, c, i) = e, in order: no atomics.
//
// Shapes: dx [outer, extent, inner], dy [outer, count, inner]; index as in gather_forward.
// Work:   one invocation an element of dx: it walks the count indices of its fibre.
// Memory: 4 * count bytes of indices an element of dx, mostly from cache.

struct Params {
  outer: u32,
  extent: u32,
  inner: u32,
  count: u32,
  index_outer: u32,
  index_count: u32,
  index_inner: u32,
}

alias StoredDy = f32;
alias StoredDx = f32;
override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> index: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<StoredDy>;
@group(0) @binding(2) var<storage, read_write> dx: array<StoredDx>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (id >= params.outer * params.extent * params.inner) {
    return;
  }
  let i = id % params.inner;
  let e = id / params.inner % params.extent;
  let o = id / (params.inner * params.extent);
  var sum = 0.0;
  for (var c = 0u; c < params.count; c++) {
    if (index[o * params.index_outer + c * params.index_count + i * params.index_inner] == e) {
      sum += f32(dy[(o * params.count + c) * params.inner + i]);
    }
  }
  dx[id] = StoredDx(sum);
}
