// Loads and stores of four for rows of v and o that are not whole vec4s.

fn load_v(at: u32) -> vec4f {
  return vec4f(v[at], v[at + 1u], v[at + 2u], v[at + 3u]);
}

fn load_o(at: u32) -> vec4f {
  return vec4f(o[at], o[at + 1u], o[at + 2u], o[at + 3u]);
}

fn store_o(at: u32, left: u32, value: vec4f) {
  for (var i = 0u; i < min(left, 4u); i++) {
    o[at + i] = value[i];
  }
}
