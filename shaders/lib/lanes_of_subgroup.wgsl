// Functions of lib/row_lanes.wgsl for LANES invocations of one subgroup: a power of two, at most the smallest subgroup.
// Neighbours in a workgroup of one dimension are neighbours in a subgroup. Shuffles, since a subgroup may be larger
// than LANES.

enable subgroups;

fn lanes_sum(lane: u32, value: Stat) -> Stat {
  var sum = value;
  for (var span = 1u; span < LANES; span *= 2u) {
    sum += subgroupShuffleXor(sum, span);
  }
  return sum;
}

fn lanes_max(lane: u32, value: Stat) -> Stat {
  var most = value;
  for (var span = 1u; span < LANES; span *= 2u) {
    most = max(most, subgroupShuffleXor(most, span));
  }
  return most;
}
