// exp(x) - 1 for x <= 0, to a few ulp, where exp(x) - 1 as written has lost all digits near 0.
// Source: Taylor series on [-1, 0]; expm1(x) = e (e + 2) with e = expm1(x / 2) down to -2; below, exp(x) is small.
fn expm1(x: f32) -> f32 {
  if (x < -2.0) {
    return exp(max(x, -100.0)) - 1.0;
  }
  let h = select(x, 0.5 * x, x < -1.0);
  var sum = 1.0;
  for (var k = 11.0; k > 1.0; k -= 1.0) {
    sum = 1.0 + sum * h / k;
  }
  let e = h * sum;
  return select(e, e * (e + 2.0), x < -1.0);
}
