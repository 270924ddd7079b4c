// What the cross-entropy kernels share. With t the target, W the class weights, e the label smoothing, p = softmax(x):
//   loss = -(1 - e) * W[t] * log p[t] - e / classes * sum_c W[c] * log p[c].

//#include "lib/across.wgsl"
//#include "lib/component.wgsl"

struct Params {
  rows: u32,
  // Elements of a row, and classes.
  extent: u32,
  classes: u32,
  inner: u32,
  // How many partial losses a mean or sum leaves.
  partials: u32,
  ignore_index: u32,
  smoothing: f32,
}

override HAS_WEIGHT: bool = false;
override SMOOTH: bool = false;

// Of Element c of a row.
fn weights_at(c: u32) -> Element {
  if (HAS_WEIGHT) {
    return weight[c];
  }
  return Element(1.0);
}

fn weight_of(class_index: u32) -> f32 {
  if (HAS_WEIGHT) {
    return component(weight[class_index / WIDTH], class_index % WIDTH);
  }
  return 1.0;
}

fn row_start(row: u32) -> u32 {
  return row / params.inner * params.extent * params.inner + row % params.inner;
}
