// Loads and stores of four for rows of v and o that are not whole vec4s.

fn load_v(at: u32) -> vec4f {
  return vec4f(f32(v[at]), f32(v[at + 1u]), f32(v[at + 2u]), f32(v[at + 3u]));
}

fn load_sums(at: u32) -> vec4f {
  if (O_IS_HALF) {
    return vec4f(sums[at], sums[at + 1u], sums[at + 2u], sums[at + 3u]);
  }
  return vec4f(f32(o[at]), f32(o[at + 1u]), f32(o[at + 2u]), f32(o[at + 3u]));
}

fn store_o(at: u32, left: u32, value: vec4f) {
  for (var i = 0u; i < min(left, 4u); i++) {
    o[at + i] = StoredO(value[i]);
  }
}

fn store_sums(at: u32, left: u32, value: vec4f) {
  for (var i = 0u; i < min(left, 4u); i++) {
    sums[at + i] = value[i];
  }
}
