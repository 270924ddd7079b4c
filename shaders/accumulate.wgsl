// y = a + b, elementwise: the sum of two gradients.
//
// Shapes: a, b, y [size], f32 or f16.
// Work:   one invocation an element.
// Memory: 12 bytes an element.

// In memory, half as wide for f16.
alias StoredA = f32;
alias StoredB = f32;
alias StoredY = f32;

struct Params {
  size: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> a: array<StoredA>;
@group(0) @binding(1) var<storage, read> b: array<StoredB>;
@group(0) @binding(2) var<storage, read_write> y: array<StoredY>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (i >= params.size) {
    return;
  }
  y[i] = StoredY(f32(a[i]) + f32(b[i]));
}
