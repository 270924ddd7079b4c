// Maximum of integers.

fn initial(first: Element) -> Element {
  return first;
}

fn combine(a: Element, b: Element) -> Element {
  return max(a, b);
}
