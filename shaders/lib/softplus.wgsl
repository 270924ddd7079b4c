// softplus(x) = log(1 + e^x) = max(x, 0) + log(1 + z) with z = e^-|x| in (0, 1], to a few ulp. NaN stays NaN.
// For kernels that include lib/numerics.wgsl.
//
// Source: log(1 + z) = 2 atanh(s) with s = z / (2 + z), so that a small z keeps its digits. The polynomial is that of
// scalar/softplus.wgsl.

fn softplus(x: f32) -> f32 {
  let z = exp(-abs(x));
  let s = z / (2.0 + z);
  let t = s * s;
  let p = fma(fma(fma(0.1342574901, t, 0.141183099), t, 0.2000378032), t, 0.3333332017);
  let y = max(x, 0.0) + 2.0 * fma(s * t, p, s);
  return select(y, x, is_nan(x));
}

// 1 / (1 + e^-x), without overflow.
fn logistic(x: f32) -> f32 {
  let z = exp(-abs(x));
  let y = select(1.0, z, x < 0.0) / (1.0 + z);
  return select(y, x, is_nan(x));
}
