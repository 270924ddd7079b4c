// What layer norm and RMS norm kernels share. RMS norm is layer norm without the mean.

struct Params {
  rows: u32,
  cols: u32,
  eps: f32,
}

override CENTER: bool = true;
override HAS_WEIGHT: bool = true;
override HAS_BIAS: bool = true;
