// A load of four for rows that are not whole vec4s.

fn load_b(at: u32, left: u32) -> vec4f {
  return select(vec4f(0.0), vec4f(f32(b[at]), f32(b[at + 1u]), f32(b[at + 2u]), f32(b[at + 3u])), vec4u(0u, 1u, 2u, 3u) < vec4u(left));
}
