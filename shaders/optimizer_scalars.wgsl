// scalars_i = what the step table's row of the coming step says: for a schedule that was registered, edited or loaded.
// From then on optimizer_finalise keeps them up.
//
// Shapes: table: see lib/step_table; scalars [scalar_count * 64], one every 256 bytes.
// Work:   one invocation a scalar.
// Memory: a few bytes.

//#include "lib/step_table.wgsl"

struct Params {
  groups: u32,
  row_vec4s: u32,
  scalar_count: u32,
}

override WORKGROUP: u32 = 8u;

@group(0) @binding(0) var<storage, read> control: array<u32>;
@group(0) @binding(1) var<uniform> table: array<vec4f, TABLE_VEC4S>;
@group(0) @binding(2) var<storage, read_write> scalars: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  let first_row = bitcast<u32>(table[0].x);
  let row = control[0] - first_row;
  if (control[0] < first_row || row >= bitcast<u32>(table[0].y)) {
    return;
  }
  let at = TABLE_HEADER + row * params.row_vec4s + 1u + 2u * params.groups;
  for (var i = lane; i < params.scalar_count; i += WORKGROUP) {
    scalars[64u * i] = table[at + i / 4u][i % 4u];
  }
}
