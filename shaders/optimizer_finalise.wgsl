// Between the gradient norm and the update: decides what this step does, without the host.
//
//   norm = sqrt(sum of partials) / (accumulated * loss scale);  clip scale = min(1, clip_norm / (norm + 1e-6))
//   a norm or a gradient that is not finite: the step is skipped and counted, the loss scale backs off, nothing else changes
//   growth_interval steps taken in a row: the loss scale grows
//   row = control.step - first_row: the counter picks the step table's row, so a skipped step uses none up
//   correction = 1 - beta^step = -expm1(step * ln beta), for each parameter's own count of steps
//   history[step % history_rows] = what this step used;  scalars = the next row's
//
// Shapes: partials [partial_count]; table: see lib/step_table; group_of, steps, hyper [parameters];
//         control.lr [groups]; history [history_rows * (5 + groups)]; scalars [count * 64], one every 256 bytes.
// Work:   one workgroup; lanes share the partials, then the parameters, groups and scalars.
// Memory: a few KB. One launch a step.
// Source: PyTorch's clip_grad_norm_, clip_grad_value_ and GradScaler.

//#include "lib/optimizer.wgsl"
//#include "lib/step_table.wgsl"
//#include "lib/expm1.wgsl"

struct Params {
  partial_count: u32,
  parameters: u32,
  groups: u32,
  row_vec4s: u32,
  scalar_count: u32,
  history_rows: u32,
  // Backward passes that the gradients are the sum of.
  accumulated: f32,
  // What the loss scale is multiplied by after growth_interval good steps, and after a bad one. 1 where it stays.
  growth: f32,
  backoff: f32,
  growth_interval: u32,
}

struct Partial {
  sum: f32,
  // Bits of the largest |g|: they order as the numbers do.
  highest: u32,
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
  // How far the averaged weights go towards the new ones: 0 where the step was skipped.
  ema_rate: f32,
  // For the next loss.
  loss_scale: f32,
  // The learning rate of each group at the last step taken.
  lr: array<f32>,
}

struct LossScale {
  value: f32,
  // Steps taken since it last changed.
  good_steps: u32,
}

// As far as the loss scale moves: the squares of scaled gradients must fit f32.
const LOWEST_LOSS_SCALE: f32 = 0x1p-24f;
const HIGHEST_LOSS_SCALE: f32 = 0x1p24f;

override WORKGROUP: u32 = 8u;

@group(0) @binding(0) var<storage, read> partials: array<Partial>;
@group(0) @binding(1) var<uniform> table: array<vec4f, TABLE_VEC4S>;
@group(0) @binding(2) var<storage, read> group_of: array<u32>;
@group(0) @binding(3) var<storage, read_write> steps: array<u32>;
@group(0) @binding(4) var<storage, read_write> hyper: array<Hyper>;
@group(0) @binding(5) var<storage, read_write> control: Control;
@group(0) @binding(6) var<storage, read_write> history: array<u32>;
@group(0) @binding(7) var<storage, read_write> scalars: array<f32>;
@group(0) @binding(8) var<storage, read_write> loss_scale: LossScale;
@group(0) @binding(9) var<uniform> params: Params;

var<workgroup> lanes: array<Partial, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  let step = control.step;
  let scale = loss_scale.value;
  var share = Partial(0.0, 0u);
  for (var i = lane; i < params.partial_count; i += WORKGROUP) {
    share.sum += partials[i].sum;
    share.highest = max(share.highest, partials[i].highest);
  }
  lanes[lane] = share;
  workgroupBarrier();
  var total = 0.0;
  var highest_bits = 0u;
  for (var i = 0u; i < WORKGROUP; i++) {
    total += lanes[i].sum;
    highest_bits = max(highest_bits, lanes[i].highest);
  }

  let finite = highest_bits < 0x7f800000u && (bitcast<u32>(total) & 0x7fffffffu) < 0x7f800000u;
  let multiple = params.accumulated * scale;
  let norm = sqrt(total) / multiple;
  let first_row = bitcast<u32>(table[0].x);
  let row = step - first_row;
  let in_table = step >= first_row && row < bitcast<u32>(table[0].y);
  let taken = finite && in_table;
  let at = TABLE_HEADER + select(0u, row, in_table) * params.row_vec4s;
  let clip = table[at];

  var clip_scale = 1.0;
  if (finite && clip.x > 0.0) {
    clip_scale = min(1.0, clip.x / (norm + 1e-6));
  }
  let clip_value = select(0x1.fffffep+127f, clip.y, clip.y > 0.0);
  var clipped = clip_scale < 1.0;
  if (finite) {
    clipped = clipped || bitcast<f32>(highest_bits) / multiple > clip_value;
  }
  let gradient_scale = clip_scale / multiple;

  for (var i = lane; i < params.parameters; i += WORKGROUP) {
    let group = group_of[i];
    if (!taken || group == INACTIVE) {
      hyper[i].step = 0u;
      continue;
    }
    let own_step = steps[i] + 1u;
    steps[i] = own_step;
    let rates = table[at + 1u + 2u * group];
    let own = table[at + 2u + 2u * group];
    let flags = u32(own.w);
    var correction = vec2f(1.0);
    if ((flags & FLAG_NO_BIAS_CORRECTION) == 0u) {
      correction = vec2f(-expm1(f32(own_step) * rates.z), -expm1(f32(own_step) * rates.w));
    }
    let signed_scale = select(gradient_scale, -gradient_scale, (flags & FLAG_MAXIMIZE) != 0u);
    hyper[i] = Hyper(own.xyz, rates.x, rates.y, signed_scale, clip_value, own_step, correction, rates.zw, flags);
  }
  let record = (step % params.history_rows) * (5u + params.groups);
  if (taken) {
    for (var group = lane; group < params.groups; group += WORKGROUP) {
      let lr = table[at + 1u + 2u * group].x;
      control.lr[group] = lr;
      history[record + 5u + group] = bitcast<u32>(lr);
    }
    let next = at + params.row_vec4s + 1u + 2u * params.groups;
    for (var i = lane; i < params.scalar_count; i += WORKGROUP) {
      scalars[64u * i] = table[next + i / 4u][i % 4u];
    }
  }
  if (lane == 0u) {
    let norm_bits = select(0x7fc00000u, bitcast<u32>(norm), finite);
    control.step = step + u32(taken);
    control.skipped += u32(!taken);
    control.clipped += u32(taken && clipped);
    control.flags = (control.flags & 2u) | u32(!finite) | (u32(!in_table) << 1u);
    control.norm_bits = norm_bits;
    control.clip_scale = clip_scale;
    control.ema_rate = select(0.0, clip.z, taken);
    if (taken) {
      history[record] = step;
      history[record + 1u] = norm_bits;
      history[record + 2u] = bitcast<u32>(clip_scale);
      history[record + 3u] = u32(clipped);
      history[record + 4u] = bitcast<u32>(scale);
    }
    if (taken || !finite) {
      let good_steps = select(0u, loss_scale.good_steps + 1u, finite);
      let grows = good_steps >= params.growth_interval;
      let factor = select(params.backoff, select(1.0, params.growth, grows), finite);
      loss_scale.value = clamp(scale * factor, LOWEST_LOSS_SCALE, HIGHEST_LOSS_SCALE);
      loss_scale.good_steps = select(good_steps, 0u, grows);
    }
    control.loss_scale = loss_scale.value;
  }
}
