// y[i, c] = 1 where index[i] = c, else 0; a row of zeros where the index is out of range.
//
// Shapes: index [count] (u32 bits), y [count, classes].
// Work:   one invocation an element of y.
// Memory: 4 bytes an element of y.

//#include "lib/index_check.wgsl"

struct Params {
  count: u32,
  classes: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> index: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> faults: IndexFaults;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (id >= params.count * params.classes) {
    return;
  }
  let position = id / params.classes;
  let found = index[position];
  let inside = check_index(found, params.classes, position);
  y[id] = select(0.0, 1.0, inside && found == id % params.classes);
}
