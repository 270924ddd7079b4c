// a + b

fn f(a: Element, b: Element) -> Element {
  return a + b;
}

fn vjp(dy: f32, a: f32, b: f32) -> vec2f {
  return vec2f(dy, dy);
}
