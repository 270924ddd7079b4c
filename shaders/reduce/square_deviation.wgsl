// Variance: the sum of (x - s)^2, s the mean, times 1 / (n - correction), which is params.scale.

fn contribution(x: Element, s: Element) -> Element {
  let deviation = x - s;
  return deviation * deviation;
}

fn finish(total: Element) -> Element {
  return total * params.scale;
}
