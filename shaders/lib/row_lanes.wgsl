// Who shares a row: LANES neighbouring invocations of a workgroup, which take neighbouring elements. Here each has a row
// to itself; a file of lib/ replaces the functions where they are more: lanes_of_subgroup.wgsl, which needs no barrier,
// or lanes_of_workgroup.wgsl. Both ask for uniform control flow: an invocation past the last row computes that row
// again and stores nothing.

override WORKGROUP: u32 = 16u;
override LANES: u32 = 1u;

// Given to every lane of the row, and the same bits in each.
fn lanes_sum(lane: u32, value: Stat) -> Stat {
  return value;
}

fn lanes_max(lane: u32, value: Stat) -> Stat {
  return value;
}
