// Chains of x = x * scale + shift: what the arithmetic units give, which products are measured against.
//
// Shapes: y [invocations].
// Work:   an invocation runs 4 independent chains of vec4: enough to hide the latency of an operation, few enough for the
//         registers of any adapter. 2 * 16 flops a link, 8 links a round.
// Memory: 4 bytes an invocation, so that nothing may be left out.

struct Params {
  rounds: u32,
  // Not known to the compiler; below 1, so that the chains stay finite.
  scale: f32,
  shift: f32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<uniform> params: Params;

struct Chains {
  a: vec4f,
  b: vec4f,
  c: vec4f,
  d: vec4f,
}

fn link(x: Chains, scale: vec4f, shift: vec4f) -> Chains {
  return Chains(x.a * scale + shift, x.b * scale + shift, x.c * scale + shift, x.d * scale + shift);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  let start = vec4f(f32(i), f32(i) + 0.25, f32(i) + 0.5, f32(i) + 0.75);
  var x = Chains(start, start + 1.0, start + 2.0, start + 3.0);
  let scale = vec4f(params.scale);
  let shift = vec4f(params.shift);
  for (var round = 0u; round < params.rounds; round++) {
    x = link(link(link(link(x, scale, shift), scale, shift), scale, shift), scale, shift);
    x = link(link(link(link(x, scale, shift), scale, shift), scale, shift), scale, shift);
  }
  let sum = x.a + x.b + x.c + x.d;
  y[i] = sum.x + sum.y + sum.z + sum.w;
}
