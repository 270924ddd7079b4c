// Infinity and NaN, which WGSL has no literals for and refuses in constant expressions: made from a value known only
// at run time. For kernels that include lib/numerics.wgsl.

fn infinity_from(x: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) & 0u) | 0x7f800000u);
}

fn nan_from(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) | 0x7fc00000u);
}
