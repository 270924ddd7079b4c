// min(a, b), NaN where either is NaN. The gradient goes to the one chosen; equal operands share it.

fn f(a: Element, b: Element) -> Element {
  return select(select(min(a, b), b, is_nan_element(b)), a, is_nan_element(a));
}

fn vjp(dy: f32, a: f32, b: f32) -> vec2f {
  if (is_nan(a)) {
    return vec2f(dy, 0.0);
  }
  if (is_nan(b)) {
    return vec2f(0.0, dy);
  }
  if (a == b) {
    return vec2f(0.5 * dy);
  }
  return select(vec2f(0.0, dy), vec2f(dy, 0.0), a < b);
}
