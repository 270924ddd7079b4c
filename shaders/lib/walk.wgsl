// A strided walk: where element i of a broadcast result lies in each of up to three operands.
// Axis 0 is the innermost. The including kernel declares `params` with extent_0 to extent_5 and the strides u_0 to
// u_5, v_0 to v_5, w_0 to w_5 of the operands u, v, w.

// Offsets in (u, v, w) of element i of the axes from `first` to below `last`. Given override constants, the axes
// outside fold away, and so does the division of the last axis.
fn walk(i: u32, first: u32, last: u32) -> vec3u {
  var at = vec4u(i, 0u, 0u, 0u);
  at = walk_axis(at, 0u, first, last, params.extent_0, vec3u(params.u_0, params.v_0, params.w_0));
  at = walk_axis(at, 1u, first, last, params.extent_1, vec3u(params.u_1, params.v_1, params.w_1));
  at = walk_axis(at, 2u, first, last, params.extent_2, vec3u(params.u_2, params.v_2, params.w_2));
  at = walk_axis(at, 3u, first, last, params.extent_3, vec3u(params.u_3, params.v_3, params.w_3));
  at = walk_axis(at, 4u, first, last, params.extent_4, vec3u(params.u_4, params.v_4, params.w_4));
  at = walk_axis(at, 5u, first, last, params.extent_5, vec3u(params.u_5, params.v_5, params.w_5));
  return at.yzw;
}

// `at` holds what is left of i, and the offsets so far.
fn walk_axis(at: vec4u, axis: u32, first: u32, last: u32, extent: u32, strides: vec3u) -> vec4u {
  if (axis < first || axis >= last) {
    return at;
  }
  if (axis + 1u == last) {
    return vec4u(0u, at.yzw + at.x * strides);
  }
  let outer = at.x / extent;
  return vec4u(outer, at.yzw + (at.x - outer * extent) * strides);
}
