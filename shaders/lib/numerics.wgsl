// Numerics that WGSL leaves open. Bits are tested, not values: drivers may assume that NaN and infinity never occur.

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// True for NaN and both infinities.
fn is_not_finite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) >= 0x7f800000u;
}

// tanh is NaN beyond about 44 on some drivers, and exact 1 in f32 beyond 9.02.
fn safe_tanh(x: f32) -> f32 {
  return select(tanh(clamp(x, -15.0, 15.0)), x, is_nan(x));
}

// Stands for minus infinity in maxima and masks: WGSL has no infinity literal.
const LOWEST: f32 = -3.0e38;
