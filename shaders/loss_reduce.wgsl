// y = sum of losses, and norm = sum of norms; where MEAN, y = sum / norm.
//
// Shapes: losses, norms [count]; y, norm [1].
// Work:   one workgroup; each lane sums every 64th element, then lane 0 sums the lanes: a fixed order.
// Memory: 8 bytes an element.

struct Params {
  count: u32,
}

override MEAN: bool = true;

@group(0) @binding(0) var<storage, read> losses: array<f32>;
@group(0) @binding(1) var<storage, read> norms: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> norm: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

var<workgroup> lanes: array<vec2f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sums = vec2f(0.0);
  for (var i = lane; i < params.count; i += 64u) {
    sums.x += losses[i];
    sums.y += norms[i];
  }
  lanes[lane] = sums;
  workgroupBarrier();
  if (lane > 0u) {
    return;
  }
  var total = vec2f(0.0);
  for (var i = 0u; i < 64u; i++) {
    total += lanes[i];
  }
  y[0] = total.x;
  if (MEAN) {
    y[0] = total.x / total.y;
  }
  norm[0] = total.y;
}
