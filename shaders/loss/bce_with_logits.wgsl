// -p t log(sigmoid(x)) - (1 - t) log(1 - sigmoid(x)) = p t softplus(-x) + (1 - t) softplus(x): for t in [0, 1] both terms
// are >= 0, so that nothing cancels. With p = 1 it equals max(x, 0) - x t + log(1 + e^-|x|).
// A factor of 0 must silence an infinite softplus.

fn times(a: f32, b: f32) -> f32 {
  return select(a * b, 0.0, a == 0.0 && !is_nan(b));
}

fn loss(x: f32, t: f32, p: f32) -> f32 {
  return times(p * t, softplus(-x)) + times(1.0 - t, softplus(x));
}

fn slope(x: f32, t: f32, p: f32) -> f32 {
  return (1.0 - t) * logistic(x) - p * t * logistic(-x);
}

fn target_slope(x: f32, t: f32, p: f32) -> f32 {
  return p * softplus(-x) - softplus(x);
}
