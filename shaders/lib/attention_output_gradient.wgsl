// Rows of the output and of its gradient, which lie alike. The including kernel declares the bindings o and dout.

fn o_start(batch: u32, head: u32, query: u32) -> u32 {
  return params.o_offset + batch * params.o_batch + head * params.o_head + query * params.o_row;
}

fn load_o(at: u32, left: u32) -> vec4f {
  return padded(vec4f(o[at], o[at + 1u], o[at + 2u], o[at + 3u]), left);
}

fn load_dout(at: u32, left: u32) -> vec4f {
  return padded(vec4f(dout[at], dout[at + 1u], dout[at + 2u], dout[at + 3u]), left);
}
