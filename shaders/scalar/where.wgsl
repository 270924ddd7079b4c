// The gradients of a and b in y = a where the condition is not 0, else b.

fn vjp(dy: f32, a: f32, condition: u32) -> vec2f {
  return select(vec2f(0.0, dy), vec2f(dy, 0.0), condition != 0u);
}
