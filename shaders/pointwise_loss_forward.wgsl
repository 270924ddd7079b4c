// y_i = loss(x_i, t_i, p_i).
//
// Shapes: x, t, y [size] in packs of four; the last pack may reach past the end. pos_weight [period].
// Work:   invocations stride over the packs.
// Memory: 12 bytes an element.

//#include "lib/pointwise_loss.wgsl"

@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<uniform> params: Params;

override WORKGROUP: u32 = 64u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  for (var pack = id.x; pack * 4u < params.size; pack += workgroups.x * WORKGROUP) {
    y[pack] = losses_of(pack);
  }
}
