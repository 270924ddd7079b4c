// a^b: NaN for a negative base and an exponent that is not whole; a^0 = 1 for every a, 1^b for every b but NaN.
//
// Source: whole exponents up to 32 by repeated squaring; others as e^(b log|a|), whose relative error grows as
// 1e-7 |b log|a||, with the sign of an odd power. WGSL's pow is NaN for (-2)^3 on some drivers, 0^0 is 0 on others.

//#include "lib/natural_log.wgsl"

fn whole_power(a: f32, exponent: i32) -> f32 {
  var result = 1.0;
  var square = a;
  for (var rest = u32(abs(exponent)); rest > 0u; rest >>= 1u) {
    if ((rest & 1u) == 1u) {
      result *= square;
    }
    square *= square;
  }
  return select(result, 1.0 / result, exponent < 0);
}

fn f(a: f32, b: f32) -> f32 {
  if (b == 0.0 && !is_nan(b)) {
    return 1.0;
  }
  if (is_nan(a) || is_nan(b)) {
    return select(b, a, is_nan(a));
  }
  let whole = floor(b) == b;
  if (whole && abs(b) <= 32.0) {
    return whole_power(a, i32(b));
  }
  if (a == 0.0) {
    return select(0.0, infinity_from(a), b < 0.0);
  }
  // Where |a| is 1 and b infinite, the product below is NaN.
  let magnitude = select(exp(b * natural_log(abs(a))), 1.0, abs(a) == 1.0);
  if (a > 0.0) {
    return magnitude;
  }
  if (!whole) {
    return nan_from(a);
  }
  // f32 above 2^24 are even.
  let odd = abs(b) < 16777216.0 && (i32(b) & 1) == 1;
  return select(magnitude, -magnitude, odd);
}

fn vjp(dy: f32, a: f32, b: f32) -> vec2f {
  let da = select(dy * b * f(a, b - 1.0), 0.0, b == 0.0);
  let db = select(dy * f(a, b) * natural_log(a), 0.0, a == 0.0 && b >= 0.0);
  return vec2f(da, db);
}
