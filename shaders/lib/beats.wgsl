// The order of argmax and argmin. The including kernel declares `alias Element`.

override MINIMUM: bool = false;
// False for integers, whose bits must not be taken for a NaN.
override FLOAT: bool = true;

// True when `candidate` replaces `best`, which came before it: strictly better, or the first NaN.
fn beats(candidate: Element, best: Element) -> bool {
  if (FLOAT && nan_bits(bitcast<u32>(best))) {
    return false;
  }
  if (FLOAT && nan_bits(bitcast<u32>(candidate))) {
    return true;
  }
  return select(candidate > best, candidate < best, MINIMUM);
}

fn nan_bits(bits: u32) -> bool {
  return (bits & 0x7fffffffu) > 0x7f800000u;
}
