// losses_k = sum of loss(x_i, t_i, p_i) over the elements of invocation k, and counts_k how many they are.
// loss_reduce.wgsl ends the sum.
//
// Shapes: x, t [size] in packs of four; the last pack may reach past the end. pos_weight [period]; losses, counts
//         [invocations].
// Work:   invocations stride over the packs, in runs of 64 so that sums stay short.
// Memory: 8 bytes an element.

//#include "lib/pointwise_loss.wgsl"

@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
@group(0) @binding(4) var<storage, read_write> counts: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

override WORKGROUP: u32 = 64u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let step = workgroups.x * WORKGROUP;
  let packs = (params.size + 3u) / 4u;
  var total = vec4f(0.0);
  var count = 0u;
  var pack = id.x;
  while (pack < packs) {
    var run = vec4f(0.0);
    for (var visit = 0u; visit < 64u && pack < packs; visit++) {
      let inside = min(params.size - pack * 4u, 4u);
      // What lies past the end is garbage, NaN perhaps.
      run += select(vec4f(0.0), losses_of(pack), vec4u(0u, 1u, 2u, 3u) < vec4u(inside));
      count += inside;
      pack += step;
    }
    total += run;
  }
  losses[id.x] = (total.x + total.y) + (total.z + total.w);
  counts[id.x] = f32(count);
}
