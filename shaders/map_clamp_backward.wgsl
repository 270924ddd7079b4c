// dx = dy where low <= x <= high, else 0.
//
// Shapes: dy, x, dx [packs] of 4 elements each, f32 or f16; src/kernels/map.ts rounds the bindings up.
// Work:   grid-stride: adjacent invocations take adjacent packs.
// Memory: 12 bytes an element.

// In memory, half as wide for f16.
alias StoredDy = f32;
alias StoredX = f32;
alias StoredDx = f32;

struct Params {
  packs: u32,
  low: f32,
  high: f32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> dy: array<vec4<StoredDy>>;
@group(0) @binding(1) var<storage, read> x: array<vec4<StoredX>>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4<StoredDx>>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  for (var i = workgroup.x * WORKGROUP + lane; i < params.packs; i += workgroups.x * WORKGROUP) {
    let v = vec4f(x[i]);
    dx[i] = vec4<StoredDx>(select(vec4f(0.0), vec4f(dy[i]), (v >= vec4f(params.low)) & (v <= vec4f(params.high))));
  }
}
