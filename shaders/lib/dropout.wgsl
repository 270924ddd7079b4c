// Which random words drop their element, and what the others' elements are multiplied by.

//#include "lib/random.wgsl"
//#include "lib/unit_scalar.wgsl"

struct Dropout {
  // A word below this drops its element: p * 2^32.
  threshold: u32,
  // 1 / (1 - p)
  keep_scale: f32,
}

// p is `rate`, or what `held_rate` holds where that is below 0. At p = 1 no word keeps; where p is NaN each keeps NaN.
fn dropout_of(rate: f32, held_rate: f32) -> Dropout {
  let p = unit_scalar(rate, held_rate);
  // 2^32 is no u32. Below p = 1, p is at most 1 - 2^-24, and 1 - p at least 2^-24.
  let threshold = select(u32(min(p, 1.0 - 0x1p-24) * 0x1p32), 0xffffffffu, p == 1.0);
  let keep_scale = 1.0 / max(1.0 - p, 0x1p-24);
  return Dropout(select(threshold, 0u, is_nan(p)), select(keep_scale, p, is_nan(p)));
}

// Four words. The highest counts as the one below it, so that none reaches the threshold of p = 1.
fn dropout_words(pack: u32, stream: u32, draw: u32, seed: u32) -> vec4u {
  return min(pcg4d(vec4u(pack, stream, draw, seed)), vec4u(0xfffffffeu));
}
