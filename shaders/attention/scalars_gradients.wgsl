// Loads and stores of four for rows that are not whole vec4s.

fn load_q(at: u32) -> vec4f {
  return vec4f(q[at], q[at + 1u], q[at + 2u], q[at + 3u]);
}

fn load_k(at: u32) -> vec4f {
  return vec4f(k[at], k[at + 1u], k[at + 2u], k[at + 3u]);
}

fn load_dout(at: u32) -> vec4f {
  return vec4f(dout[at], dout[at + 1u], dout[at + 2u], dout[at + 3u]);
}

fn store_gradient(at: u32, left: u32, value: vec4f) {
  for (var i = 0u; i < min(left, 4u); i++) {
    gradients[at + i] = value[i];
  }
}
