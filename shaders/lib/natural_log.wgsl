// The natural logarithm to 2 ulp on every adapter: WGSL's own has an absolute error near 1, and log(0) is -88 on
// SwiftShader. -infinity at 0, NaN below.
//
// Source: x = m 2^e with m in [sqrt(1/2), sqrt(2)), log x = e log 2 + 2 atanh(s) with s = (m - 1) / (m + 1). The
// polynomial interpolates (atanh(s) / s - 1) / s^2 at Chebyshev nodes of s^2; its part of the result errs by 3e-9.

//#include "lib/ieee.wgsl"

fn natural_log(x: f32) -> f32 {
  let magnitude_bits = bitcast<u32>(x) & 0x7fffffffu;
  if (magnitude_bits == 0u) {
    return -infinity_from(x);
  }
  if (bitcast<u32>(x) != magnitude_bits) {
    return nan_from(x);
  }
  if (magnitude_bits >= 0x7f800000u) {
    return x;
  }
  // Drivers may take a subnormal for 0, so it is read as the whole number that its bits are, times 2^-149.
  let subnormal = magnitude_bits < 0x00800000u;
  let bits = select(magnitude_bits, bitcast<u32>(f32(magnitude_bits)), subnormal);
  let exponent = (i32(bits) - 0x3f3504f3) >> 23u; // 0x3f3504f3 is sqrt(1/2)
  let m = bitcast<f32>(i32(bits) - (exponent << 23u));
  let s = (m - 1.0) / (m + 1.0);
  let t = s * s;
  let p = fma(fma(0.1479002308, t, 0.1999438922), t, 0.3333334252);
  let e = f32(exponent - select(0, 149, subnormal));
  return fma(e, 0.69314718, fma(2.0 * s * t, p, 2.0 * s));
}
