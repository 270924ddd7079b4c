// Replaces the function of lib/embedding.wgsl where Element is vec4f.

fn dropped(value: Element, at: u32, dropout: Dropout) -> Element {
  let words = dropout_words(at, params.stream, params.draw, params.seed);
  return select(vec4f(0.0), value * dropout.keep_scale, words >= vec4u(dropout.threshold));
}
