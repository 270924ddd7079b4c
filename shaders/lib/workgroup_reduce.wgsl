// Sums and maxima over the lanes of a workgroup, given to every lane. To be called in uniform control flow.
// The including kernel declares `override WORKGROUP: u32`, a power of two.

var<workgroup> lane_values: array<f32, WORKGROUP>;

fn workgroup_sum(lane: u32, value: f32) -> f32 {
  // Lanes may still read the result before this one.
  workgroupBarrier();
  lane_values[lane] = value;
  workgroupBarrier();
  for (var span = WORKGROUP / 2u; span > 0u; span /= 2u) {
    if (lane < span) {
      lane_values[lane] += lane_values[lane + span];
    }
    workgroupBarrier();
  }
  return lane_values[0];
}

fn workgroup_max(lane: u32, value: f32) -> f32 {
  workgroupBarrier();
  lane_values[lane] = value;
  workgroupBarrier();
  for (var span = WORKGROUP / 2u; span > 0u; span /= 2u) {
    if (lane < span) {
      lane_values[lane] = max(lane_values[lane], lane_values[lane + span]);
    }
    workgroupBarrier();
  }
  return lane_values[0];
}
