// Signum: m = beta * m + (1 - beta) * g, then p -= lr * sign(m). One invocation an element.
struct Params {
  size: u32,
  lr: f32,
  beta: f32,
}

@group(0) @binding(0) var<storage, read> g: array<f32>;
@group(0) @binding(1) var<storage, read_write> m: array<f32>;
@group(0) @binding(2) var<storage, read_write> p: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let i = id.x + id.y * workgroups.x * 64u;
  if (i >= params.size) {
    return;
  }
  m[i] = params.beta * m[i] + (1.0 - params.beta) * g[i];
  p[i] -= params.lr * sign(m[i]);
}
