// Rows of the output and of its gradient, which lie alike. The including kernel declares the bindings o and dout.

fn o_start(batch: u32, head: u32, query: u32) -> u32 {
  return params.o_offset + batch * params.o_batch + head * params.o_head + query * params.o_row;
}

fn load_o(at: u32, left: u32) -> vec4f {
  return padded(vec4f(f32(o[at]), f32(o[at + 1u]), f32(o[at + 2u]), f32(o[at + 3u])), left);
}

fn load_dout(at: u32, left: u32) -> vec4f {
  return padded(vec4f(f32(dout[at]), f32(dout[at + 1u]), f32(dout[at + 2u]), f32(dout[at + 3u])), left);
}
