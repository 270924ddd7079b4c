// A function of cross_entropy_forward.wgsl for COUNTERS invocations of one subgroup: a power of two, at most the smallest
// subgroup.

enable subgroups;

fn counters_sum(lane: u32, value: f32) -> f32 {
  var sum = value;
  for (var span = 1u; span < COUNTERS; span *= 2u) {
    sum += subgroupShuffleXor(sum, span);
  }
  return sum;
}
