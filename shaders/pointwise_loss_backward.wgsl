// d_i = dy * slope(x_i, t_i, p_i) / norm, the gradient of x; with FOR_TARGET that of t.
//
// Shapes: x, t, d [size] in packs of four; the last pack may reach past the end. pos_weight [period]. dy [size] where
//         PER_ELEMENT, else one element; norm [1].
// Work:   invocations stride over the packs.
// Memory: 12 bytes an element, 16 where PER_ELEMENT.

//#include "lib/pointwise_loss.wgsl"

@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read> norm: array<f32>;
@group(0) @binding(5) var<storage, read_write> d: array<vec4f>;
@group(0) @binding(6) var<uniform> params: Params;

override WORKGROUP: u32 = 64u;
override FOR_TARGET: bool = false;
override PER_ELEMENT: bool = false;
override MEAN: bool = true;

fn slope_of(x: f32, t: f32, p: f32) -> f32 {
  if (FOR_TARGET) {
    return target_slope(x, t, p);
  }
  return slope(x, t, p);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  for (var pack = id.x; pack * 4u < params.size; pack += workgroups.x * WORKGROUP) {
    var scale = vec4f(dy[0].x);
    if (PER_ELEMENT) {
      scale = dy[pack];
    }
    if (MEAN) {
      scale /= norm[0];
    }
    let a = x[pack];
    let b = t[pack];
    let p = pos_weights(pack);
    d[pack] = scale * vec4f(slope_of(a.x, b.x, p.x), slope_of(a.y, b.y, p.y), slope_of(a.z, b.z, p.z), slope_of(a.w, b.w, p.w));
  }
}
