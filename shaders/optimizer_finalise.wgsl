// Between the gradient norm and the update: decides what this step does, without the host.
//
//   norm = sqrt(sum of partials);  scale = min(1, clip_norm / (norm + 1e-6))
//   a norm or a gradient that is not finite: the step is skipped and counted, nothing else changes
//   row = control.step - first_row: the counter picks the step table's row, so a skipped step uses none up
//   correction = 1 - beta^step for each parameter's own count of steps
//
// Shapes: partials [partial_count]; table [rows, groups] of vec4; groups [groups]; group_of, steps, hyper [parameters].
// Work:   one workgroup; lanes share the partials, then the parameters.
// Memory: a few KB. One launch a step.
// Source: PyTorch's clip_grad_norm_ and GradScaler; corrections from binary powers, see binary_correction.

//#include "lib/optimizer.wgsl"

struct Params {
  partial_count: u32,
  parameters: u32,
  groups: u32,
  first_row: u32,
  rows: u32,
  // 0: no clipping.
  clip_norm: f32,
}

struct Partial {
  sum: f32,
  not_finite: u32,
}

struct Group {
  options: vec4f,
  // 1 - beta^(2^k) for beta1 and beta2, evaluated in float64.
  powers: array<vec2f, 32>,
}

struct Control {
  // Steps taken, steps skipped, steps whose gradient was clipped.
  step: u32,
  skipped: u32,
  clipped: u32,
  // Bit 0: the last step was not finite. Bit 1: a step found no row in the table, and was skipped.
  flags: u32,
  // Bits of the last norm; NaN when it was not finite.
  norm_bits: u32,
  clip_scale: f32,
  reserved0: u32,
  reserved1: u32,
  // The learning rate of each group at the last step taken.
  lr: array<f32>,
}

override WORKGROUP: u32 = 8u;

@group(0) @binding(0) var<storage, read> partials: array<Partial>;
@group(0) @binding(1) var<uniform> table: array<vec4f, 4096>;
@group(0) @binding(2) var<storage, read> groups: array<Group>;
@group(0) @binding(3) var<storage, read> group_of: array<u32>;
@group(0) @binding(4) var<storage, read_write> steps: array<u32>;
@group(0) @binding(5) var<storage, read_write> hyper: array<Hyper>;
@group(0) @binding(6) var<storage, read_write> control: Control;
@group(0) @binding(7) var<uniform> params: Params;

var<workgroup> lanes: array<Partial, WORKGROUP>;

// 1 - beta^step from the bits of step: 1 - a*b = (1 - a) + a * (1 - b). Every term is positive, so nothing cancels,
// where 1 - pow(beta, step) in f32 has lost half of its digits at step 2.
fn binary_correction(group: u32, step: u32) -> vec2f {
  var correction = vec2f(0.0);
  for (var k = 0u; k < 32u; k++) {
    if ((step >> k) == 0u) {
      break;
    }
    if (((step >> k) & 1u) == 1u) {
      correction += (1.0 - correction) * groups[group].powers[k];
    }
  }
  return correction;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  let step = control.step;
  var share = Partial(0.0, 0u);
  for (var i = lane; i < params.partial_count; i += WORKGROUP) {
    share.sum += partials[i].sum;
    share.not_finite |= partials[i].not_finite;
  }
  lanes[lane] = share;
  workgroupBarrier();
  var total = 0.0;
  var gradient_bad = 0u;
  for (var i = 0u; i < WORKGROUP; i++) {
    total += lanes[i].sum;
    gradient_bad |= lanes[i].not_finite;
  }

  let finite = gradient_bad == 0u && (bitcast<u32>(total) & 0x7fffffffu) < 0x7f800000u;
  let norm = sqrt(total);
  let row = step - params.first_row;
  let in_table = step >= params.first_row && row < params.rows;
  let taken = finite && in_table;
  var scale = 1.0;
  if (params.clip_norm > 0.0 && finite) {
    scale = min(1.0, params.clip_norm / (norm + 1e-6));
  }

  for (var i = lane; i < params.parameters; i += WORKGROUP) {
    let group = group_of[i];
    if (!taken || group == INACTIVE) {
      hyper[i].step = 0u;
      continue;
    }
    let own_step = steps[i] + 1u;
    steps[i] = own_step;
    hyper[i] = Hyper(table[row * params.groups + group], groups[group].options, binary_correction(group, own_step), scale, own_step);
  }
  if (taken) {
    for (var group = lane; group < params.groups; group += WORKGROUP) {
      control.lr[group] = table[row * params.groups + group].x;
    }
  }
  if (lane == 0u) {
    control.step = step + u32(taken);
    control.skipped += u32(!taken);
    control.clipped += u32(taken && scale < 1.0);
    control.flags = (control.flags & 2u) | u32(!finite) | (u32(!in_table) << 1u);
    control.norm_bits = select(0x7fc00000u, bitcast<u32>(norm), finite);
    control.clip_scale = scale;
  }
}
