// cross_entropy_forward.wgsl for adapters that want parallelism within a row.
//
// Shapes: as there; workgroup k sums rows k, k + partials, ...
// Work:   one workgroup a row at a time: lanes take neighbouring classes, then trees over workgroup memory.
// Memory: 4 bytes an element (the second read of a row is in cache).

//#include "lib/cross_entropy_row.wgsl"
//#include "lib/workgroup_reduce.wgsl"

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> weight: array<Element>;
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
@group(0) @binding(4) var<storage, read_write> norms: array<f32>;
@group(0) @binding(5) var<storage, read_write> stats: array<vec2f>;
@group(0) @binding(6) var<storage, read_write> faults: IndexFaults;
@group(0) @binding(7) var<uniform> params: Params;

fn sums_of(start: u32, lane: u32) -> RowSums {
  // Idle lanes hold the first Element.
  var most = x[start];
  for (var c = lane; c < params.extent; c += WORKGROUP) {
    most = max(most, x[start + c * params.inner]);
  }
  let highest = workgroup_max(lane, across_max(most));
  var sum = Element();
  var spread = Element();
  var mass = Element();
  for (var c = lane; c < params.extent; c += WORKGROUP) {
    let d = x[start + c * params.inner] - highest;
    sum += exp(d);
    if (SMOOTH) {
      let w = weights_at(c);
      spread -= w * d;
      mass += w;
    }
  }
  var sums = RowSums(highest, workgroup_sum(lane, across_sum(sum)), 0.0, 0.0);
  if (SMOOTH) {
    sums.spread = workgroup_sum(lane, across_sum(spread));
    sums.mass = workgroup_sum(lane, across_sum(mass));
  }
  return sums;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = workgroup.x + workgroup.y * workgroups.x;
  if (id >= params.partials) {
    return;
  }
  var totals = vec2f(0.0);
  for (var row = id; row < params.rows; row += params.partials) {
    let label = targets[row];
    let start = row_start(row);
    // All rows alike, so that the barriers stay in uniform control flow.
    let sums = sums_of(start, lane);
    if (lane == 0u && label != params.ignore_index && check_index(label, params.classes, row)) {
      let x_label = component(x[start + label / WIDTH * params.inner], label % WIDTH);
      totals += finish_row(row, label, x_label, sums);
    }
  }
  if (lane == 0u) {
    losses[id] = totals.x;
    norms[id] = totals.y;
  }
}
