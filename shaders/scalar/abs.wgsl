// |x|; the gradient at 0 is 0.

fn f(x: Element) -> Element {
  return abs(x);
}

fn vjp(dy: f32, x: f32) -> f32 {
  return dy * sign(x);
}
