// words[i] = the counter-based words of counter (i, stream, draw, seed): to compare with the host bit by bit.

//#include "../../shaders/lib/random.wgsl"

struct Params {
  stream: u32,
  draw: u32,
  seed: u32,
}

@group(0) @binding(0) var<storage, read_write> words: array<vec4u>;
@group(0) @binding(1) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&words)) {
    words[id.x] = pcg4d(vec4u(id.x, params.stream, params.draw, params.seed));
  }
}
