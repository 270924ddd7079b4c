// Sine and cosine to 1e-7 for |x| up to 10,000: WGSL promises 5e-4, and that for |x| <= pi only.
//
// Source: Cody and Waite's reduction: r = x - k pi/2, with pi/2 in parts of 11 bits so that k times a part is exact;
// polynomials on |r| <= pi/4 that interpolate (sin r - r) / r^3 and (cos r - 1 + r^2/2) / r^4 at Chebyshev nodes of r^2.

//#include "lib/ieee.wgsl"

// sin(x + quarter_turns * pi/2).
fn sine_of(x: f32, quarter_turns: i32) -> f32 {
  if (is_not_finite(x)) {
    return nan_from(x);
  }
  let k = round(x * 0.636619772);
  let r = ((x - k * 1.5703125) - k * 0.00048375129699707031) - k * 7.54978995e-8;
  let s = r * r;
  let sine = fma(r * s, fma(fma(-0.0001958789088, s, 0.008332748271), s, -0.1666666466), r);
  let cosine = fma(s * s, fma(fma(0.00002454794209, s, -0.001388830304), s, 0.04166666466), 1.0 - 0.5 * s);
  let quadrant = (i32(k) + quarter_turns) & 3;
  let value = select(sine, cosine, (quadrant & 1) == 1);
  return select(value, -value, quadrant >= 2);
}
