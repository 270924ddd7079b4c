// What an average pool divides by; the including kernel includes lib/pool_params.wgsl first.

// Whether elements of the padding count. A window that reaches past even the padding is cut off there.
override COUNT_PADDING: bool = true;

fn extent_of(place: u32, stride: u32, padding: u32, kernel: u32, extent: u32) -> i32 {
  let start = i32(place * stride) - i32(padding);
  let end = min(start + i32(kernel), i32(extent + padding));
  return select(min(end, i32(extent)) - max(start, 0), end - start, COUNT_PADDING);
}

fn divisor_of(oy: u32, ox: u32) -> f32 {
  let tall = extent_of(oy, params.stride_y, params.padding_y, params.kernel_height, params.height);
  let wide = extent_of(ox, params.stride_x, params.padding_x, params.kernel_width, params.width);
  return f32(tall * wide);
}
