// Sliding windows seen from the input's side, for gradients that gather.

// The output along one axis whose window has `at` as its element `tap`, or -1.
fn window_of(at: u32, padding: u32, tap: u32, dilation: u32, stride: u32, extent: u32) -> i32 {
  let offset = i32(at + padding) - i32(tap * dilation);
  if (offset < 0 || u32(offset) % stride != 0u || u32(offset) / stride >= extent) {
    return -1;
  }
  return i32(u32(offset) / stride);
}
