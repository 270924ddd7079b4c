// Functions of lib/row_lanes.wgsl for a row that a whole workgroup shares: LANES = WORKGROUP, a power of two.

var<workgroup> lane_values: array<Stat, WORKGROUP>;

fn lanes_sum(lane: u32, value: Stat) -> Stat {
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

fn lanes_max(lane: u32, value: Stat) -> Stat {
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
