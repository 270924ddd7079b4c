// Functions of lib/across.wgsl and lib/component.wgsl for an Element of four neighbours of one row.

fn across_sum(v: Element) -> Stat {
  return (v.x + v.y) + (v.z + v.w);
}

fn across_max(v: Element) -> Stat {
  return max(max(v.x, v.y), max(v.z, v.w));
}

fn component(v: Element, k: u32) -> f32 {
  return v[k];
}

fn one_hot(k: u32) -> Element {
  return select(vec4f(0.0), vec4f(1.0), vec4u(0u, 1u, 2u, 3u) == vec4u(k));
}
