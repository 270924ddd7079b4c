// Whether two engines computed the same.

/** The largest difference, over the largest size of the reference; infinite where the lengths differ or a value is no number. */
export function difference(values: Float32Array, reference: Float32Array): number {
  if (values.length !== reference.length) return Infinity;
  let worst = 0;
  let largest = 0;
  for (let i = 0; i < reference.length; i++) {
    const apart = Math.abs(values[i]! - reference[i]!);
    if (Number.isNaN(apart)) return Infinity;
    worst = Math.max(worst, apart);
    largest = Math.max(largest, Math.abs(reference[i]!));
  }
  return worst / Math.max(largest, Number.MIN_VALUE);
}

/** Of results in the same order; infinite where their number differs. */
export function worstDifference(values: readonly Float32Array[], reference: readonly Float32Array[]): number {
  if (values.length !== reference.length) return Infinity;
  return Math.max(0, ...values.map((array, i) => difference(array, reference[i]!)));
}
