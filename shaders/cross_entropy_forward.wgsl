// The loss of each row, or sums of them, what they count in a mean, and with GRADIENT also the gradient of the loss by
// the logits. With t the target, W the class weights, e the label smoothing, p = softmax(x):
//   loss = -(1 - e) * W[t] * log p[t] - e / classes * sum_c W[c] * log p[c]
//   dx_c = g * (p_c * ((1 - e) * W[t] + e / classes * sum_k W[k]) - (1 - e) * W[t] * 1{c = t} - e / classes * W[c])
// with g = 1 / sum of W[t] over all rows for a MEAN, else 1 (f16 would lose what a mean makes small: there backward divides). Rows whose target is ignored or out of range give 0.
//
// Shapes: x, dx [outer, classes, inner], a row along the classes; targets [rows], u32 bits in fours; weight [classes]; losses,
//         norms [partials]: place k sums rows k, k + partials, ... With partials = rows, one each. Element is f32, or
//         vec4f of one row where inner is 1. With IN_PLACE dx holds x before, and x is not read.
// Work:   LANES invocations a row at a time: see lib/row_lanes.wgsl. For the gradient of a mean, COUNTERS of them (a
//         workgroup, or with counters_of_subgroup.wgsl a subgroup) first go through all targets.
// Memory: each element once, twice with GRADIENT (after the first read a row is in cache).

//#include "lib/across.wgsl"
//#include "lib/component.wgsl"
//#include "lib/index_check.wgsl"
//#include "lib/row_lanes.wgsl"

// In memory: half as wide for f16.
alias StoredX = Element;
alias StoredDx = Element;

struct Params {
  rows: u32,
  // Elements of a row, and classes.
  extent: u32,
  classes: u32,
  inner: u32,
  partials: u32,
  ignore_index: u32,
  smoothing: f32,
}

override HAS_WEIGHT: bool = false;
override SMOOTH: bool = false;
override GRADIENT: bool = false;
override MEAN: bool = false;
override IN_PLACE: bool = false;
// How many neighbours count the targets together.
override COUNTERS: u32 = 16u;

@group(0) @binding(0) var<storage, read> x: array<StoredX>;
@group(0) @binding(1) var<storage, read> targets: array<vec4u>;
@group(0) @binding(2) var<storage, read> weight: array<Element>;
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
@group(0) @binding(4) var<storage, read_write> norms: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<StoredDx>;
@group(0) @binding(6) var<storage, read_write> faults: IndexFaults;
@group(0) @binding(7) var<uniform> params: Params;

var<workgroup> counts: array<f32, WORKGROUP>;

// What one lane, or after lanes_sum a whole row, has seen.
struct RowSums {
  // of exp(x - highest)
  exponentials: f32,
  // With SMOOTH, of W * (highest - x) and of W.
  spread: f32,
  mass: f32,
}

fn logits_at(i: u32) -> Element {
  if (IN_PLACE) {
    return Element(dx[i]);
  }
  return Element(x[i]);
}

// Of Element c of a row.
fn weights_at(c: u32) -> Element {
  if (HAS_WEIGHT) {
    return weight[c];
  }
  return Element(1.0);
}

// What a target counts in a mean.
fn weight_of(label: u32) -> f32 {
  if (label == params.ignore_index || label >= params.classes) {
    return 0.0;
  }
  if (HAS_WEIGHT) {
    return component(weight[label / WIDTH], label % WIDTH);
  }
  return 1.0;
}

fn label_of(row: u32) -> u32 {
  return targets[row / 4u][row % 4u];
}

fn norm_of_all(lane: u32) -> f32 {
  var counted = vec4f(0.0);
  let packs = params.rows / 4u;
  for (var pack = lane % COUNTERS; pack < packs; pack += COUNTERS) {
    let labels = targets[pack];
    if (HAS_WEIGHT) {
      counted += vec4f(weight_of(labels.x), weight_of(labels.y), weight_of(labels.z), weight_of(labels.w));
    } else {
      let valid = (labels < vec4u(params.classes)) & (labels != vec4u(params.ignore_index));
      counted += select(vec4f(0.0), vec4f(1.0), valid);
    }
  }
  for (var row = packs * 4u + lane % COUNTERS; row < params.rows; row += COUNTERS) {
    counted.x += weight_of(label_of(row));
  }
  return counters_sum(lane, (counted.x + counted.y) + (counted.z + counted.w));
}

// lib/counters_of_subgroup.wgsl has one without a barrier, which makes a software adapter's whole kernel slower.
fn counters_sum(lane: u32, value: f32) -> f32 {
  counts[lane] = value;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < COUNTERS; i++) {
    sum += counts[i];
  }
  return sum;
}

fn highest_of(start: u32, lane: u32) -> f32 {
  // Lanes without an element hold the first.
  var most = logits_at(start);
  for (var c = lane % LANES; c < params.extent; c += LANES) {
    most = max(most, logits_at(start + c * params.inner));
  }
  return lanes_max(lane, across_max(most));
}

fn sums_of(start: u32, highest: f32, lane: u32) -> RowSums {
  var exponentials = Element();
  var spread = Element();
  var mass = Element();
  for (var c = lane % LANES; c < params.extent; c += LANES) {
    let d = logits_at(start + c * params.inner) - highest;
    exponentials += exp(d);
    if (SMOOTH) {
      let w = weights_at(c);
      spread -= w * d;
      mass += w;
    }
  }
  var sums = RowSums(nan_unless_finite(lanes_sum(lane, across_sum(exponentials))), 0.0, 0.0);
  if (SMOOTH) {
    sums.spread = lanes_sum(lane, across_sum(spread));
    sums.mass = lanes_sum(lane, across_sum(mass));
  }
  return sums;
}

fn write_gradient(start: u32, label: u32, highest: f32, factor: f32, hot: f32, share: f32, lane: u32) {
  for (var c = lane % LANES; c < params.extent; c += LANES) {
    let i = start + c * params.inner;
    var d = exp(logits_at(i) - highest) * factor - hot * one_hot(label - c * WIDTH);
    if (SMOOTH) {
      d -= share * weights_at(c);
    }
    dx[i] = StoredDx(d);
  }
}

fn write_zeros(start: u32, lane: u32) {
  for (var c = lane % LANES; c < params.extent; c += LANES) {
    dx[start + c * params.inner] = StoredDx();
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = (workgroup.x + workgroup.y * workgroups.x) * (WORKGROUP / LANES);
  if (first >= params.partials) {
    return;
  }
  let place = first + lane / LANES;
  var g = 1.0;
  if (GRADIENT && MEAN) {
    g = 1.0 / norm_of_all(lane);
  }
  let share = params.smoothing / f32(params.classes);
  var totals = vec2f(0.0);
  for (var passed = 0u; passed < params.rows; passed += params.partials) {
    let row = min(passed + place, params.rows - 1u);
    let owned = place < params.partials && passed + place < params.rows;
    let start = row / params.inner * params.extent * params.inner + row % params.inner;
    let label = label_of(row);
    let ignored = label == params.ignore_index || label >= params.classes;
    if (owned && lane % LANES == 0u && label != params.ignore_index) {
      _ = check_index(label, params.classes, row);
    }
    let highest = highest_of(start, lane);
    // By the lane that may overwrite it.
    var x_label = 0.0;
    if (!ignored && label / WIDTH % LANES == lane % LANES) {
      x_label = component(logits_at(start + label / WIDTH * params.inner), label % WIDTH);
    }
    x_label = lanes_sum(lane, x_label);
    let sums = sums_of(start, highest, lane);
    let w = weight_of(label);
    let hot = w * (1.0 - params.smoothing);
    // Differences from the maximum keep their digits where logits are large: no log-sum-exp is formed.
    let log_total = natural_log(sums.exponentials);
    if (owned && !ignored) {
      totals += vec2f(hot * (highest - x_label + log_total), w);
      if (SMOOTH) {
        totals.x += share * (sums.spread + sums.mass * log_total);
      }
    }
    if (GRADIENT && owned) {
      if (ignored) {
        write_zeros(start, lane);
      } else {
        write_gradient(start, label, highest, g * (hot + share * sums.mass) / sums.exponentials, g * hot, g * share, lane);
      }
    }
  }
  if (lane % LANES == 0u && place < params.partials) {
    losses[place] = totals.x;
    norms[place] = totals.y;
  }
}
