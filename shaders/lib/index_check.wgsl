// Reports an index out of range to the host, which throws at its next read: see src/gpu/index_check.ts.
// The including kernel declares `var<storage, read_write> faults: IndexFaults;`.
//
// Integer atomics only, and only when an index is wrong. Each report that lowers the lowest position gets an entry of
// its own, so the lowest position keeps its value whatever the order of invocations (short of 20 lowerings in a row).

struct IndexFault {
  position: u32,
  value: u32,
  extent: u32,
}

struct IndexFaults {
  // ~position, so that a cleared buffer means none.
  lowest_inverted: atomic<u32>,
  count: atomic<u32>,
  entries: array<IndexFault, 20>,
}

// True when index < extent. `position` is the element of the index tensor, for the message.
fn check_index(index: u32, extent: u32, position: u32) -> bool {
  if (index < extent) {
    return true;
  }
  let inverted = ~position;
  if (atomicMax(&faults.lowest_inverted, inverted) < inverted) {
    let entry = atomicAdd(&faults.count, 1u);
    if (entry < 20u) {
      faults.entries[entry] = IndexFault(position, index, extent);
    }
  }
  return false;
}
