// -x

fn f(x: Element) -> Element {
  return -x;
}

fn vjp(dy: f32, s: f32) -> f32 {
  return -dy;
}
