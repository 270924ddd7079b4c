// What every convolution kernel is told. Channels come in groups: group g maps group_in channels of x to group_out of y.

struct Params {
  batch: u32,
  groups: u32,
  group_in: u32,
  group_out: u32,
  height: u32,
  width: u32,
  out_height: u32,
  out_width: u32,
  kernel_height: u32,
  kernel_width: u32,
  stride_y: u32,
  stride_x: u32,
  padding_y: u32,
  padding_x: u32,
  dilation_y: u32,
  dilation_x: u32,
  // For the gradient of the weight: rows of outputs are summed in chunks.
  chunks: u32,
  rows_per_chunk: u32,
}

// Where output (oy, ox) reads x under kernel element (ky, kx); outside [0, height) x [0, width) lies the padding.
fn source_of(oy: u32, ox: u32, ky: u32, kx: u32) -> vec2i {
  return vec2i(
    i32(oy * params.stride_y + ky * params.dilation_y) - i32(params.padding_y),
    i32(ox * params.stride_x + kx * params.dilation_x) - i32(params.padding_x),
  );
}

fn is_inside(source: vec2i) -> bool {
  return source.x >= 0 && source.y >= 0 && source.x < i32(params.height) && source.y < i32(params.width);
}
