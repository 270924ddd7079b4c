// Offsets of one element in two operands that are walked together, axis by axis.
// The including kernel declares `override RANK` and Params with offsets, extents and strides of six axes; axis 5 is the
// innermost, and only the last RANK axes count. Strides may be zero (broadcast) or negative (reversed).

// x offset and y offset of the element with row-major index `flat`.
fn strided_offsets(flat: u32) -> vec2i {
  var rest = flat;
  var at = vec2i(params.x_offset, params.y_offset);
  if (RANK > 1u) {
    let next = rest / params.extent5;
    at += i32(rest - next * params.extent5) * vec2i(params.x_stride5, params.y_stride5);
    rest = next;
  } else {
    return at + i32(rest) * vec2i(params.x_stride5, params.y_stride5);
  }
  if (RANK > 2u) {
    let next = rest / params.extent4;
    at += i32(rest - next * params.extent4) * vec2i(params.x_stride4, params.y_stride4);
    rest = next;
  } else {
    return at + i32(rest) * vec2i(params.x_stride4, params.y_stride4);
  }
  if (RANK > 3u) {
    let next = rest / params.extent3;
    at += i32(rest - next * params.extent3) * vec2i(params.x_stride3, params.y_stride3);
    rest = next;
  } else {
    return at + i32(rest) * vec2i(params.x_stride3, params.y_stride3);
  }
  if (RANK > 4u) {
    let next = rest / params.extent2;
    at += i32(rest - next * params.extent2) * vec2i(params.x_stride2, params.y_stride2);
    rest = next;
  } else {
    return at + i32(rest) * vec2i(params.x_stride2, params.y_stride2);
  }
  if (RANK > 5u) {
    let next = rest / params.extent1;
    at += i32(rest - next * params.extent1) * vec2i(params.x_stride1, params.y_stride1);
    return at + i32(next) * vec2i(params.x_stride0, params.y_stride0);
  }
  return at + i32(rest) * vec2i(params.x_stride1, params.y_stride1);
}
