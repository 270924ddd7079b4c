// The loss of each row, or sums of them, and what they count in a mean. See lib/cross_entropy.wgsl.
//
// Shapes: x [outer, classes, inner], a row along the classes; targets [rows], u32 bits; weight [classes]; losses, norms
//         [partials]: invocation k sums rows k, k + partials, ... With partials = rows, one each.
//         stats [rows], for backward: max(x), and the factor of exp(x - max(x)) in the gradient.
//         Element is f32, or vec4f of one row where inner is 1.
// Work:   one invocation a row at a time: no barrier. Suits software adapters and few classes.
// Memory: 4 bytes an element (the second read of a row is in cache).

//#include "lib/cross_entropy_row.wgsl"

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> weight: array<Element>;
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
@group(0) @binding(4) var<storage, read_write> norms: array<f32>;
@group(0) @binding(5) var<storage, read_write> stats: array<vec2f>;
@group(0) @binding(6) var<storage, read_write> faults: IndexFaults;
@group(0) @binding(7) var<uniform> params: Params;

fn loss_of(row: u32) -> vec2f {
  let label = targets[row];
  if (label == params.ignore_index || !check_index(label, params.classes, row)) {
    return vec2f(0.0);
  }
  let start = row_start(row);
  var most = x[start];
  for (var c = 1u; c < params.extent; c++) {
    most = max(most, x[start + c * params.inner]);
  }
  let highest = across_max(most);
  var sum = Element();
  var spread = Element();
  var mass = Element();
  for (var c = 0u; c < params.extent; c++) {
    let d = x[start + c * params.inner] - highest;
    sum += exp(d);
    if (SMOOTH) {
      let w = weights_at(c);
      spread -= w * d;
      mass += w;
    }
  }
  let x_label = component(x[start + label / WIDTH * params.inner], label % WIDTH);
  return finish_row(row, label, x_label, RowSums(highest, across_sum(sum), across_sum(spread), across_sum(mass)));
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (id >= params.partials) {
    return;
  }
  var sums = vec2f(0.0);
  for (var row = id; row < params.rows; row += params.partials) {
    sums += loss_of(row);
  }
  losses[id] = sums.x;
  norms[id] = sums.y;
}
