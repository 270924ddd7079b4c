// Loads and stores of four for rows that are not whole vec4s.

fn load_q(at: u32) -> vec4f {
  return vec4f(f32(q[at]), f32(q[at + 1u]), f32(q[at + 2u]), f32(q[at + 3u]));
}

fn load_k(at: u32) -> vec4f {
  return vec4f(f32(k[at]), f32(k[at + 1u]), f32(k[at + 2u]), f32(k[at + 3u]));
}

fn load_dout(at: u32) -> vec4f {
  return vec4f(f32(dout[at]), f32(dout[at + 1u]), f32(dout[at + 2u]), f32(dout[at + 3u]));
}

fn store_gradient(at: u32, left: u32, value: vec4f) {
  for (var i = 0u; i < min(left, 4u); i++) {
    gradients[at + i] = StoredGradients(value[i]);
  }
}
