// What the row kernels of layer norm and RMS norm share. RMS norm is layer norm without the mean: CENTER is false.
// Element is f32, or vec4f where `cols` counts fours.

//#include "lib/across.wgsl"

struct Params {
  rows: u32,
  cols: u32,
  // 1 / (values in a row)
  scale: f32,
  eps: f32,
}

override CENTER: bool = true;
override HAS_WEIGHT: bool = true;
override HAS_BIAS: bool = true;
