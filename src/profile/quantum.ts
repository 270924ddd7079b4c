// The step in which an adapter's timestamps count. Browsers, and Dawn by default, round them against timing attacks.

/**
 * Nanoseconds: the greatest step that divides every time of the GPU's clock; 1 where they have none in common. Of times since
 * the clock began: durations may all be zero. Of many: a few may have something in common by chance.
 */
export function quantumOf(clock: readonly bigint[]): number {
  let divisor = 0n;
  for (const time of clock) {
    divisor = greatestCommonDivisor(divisor, time);
    if (divisor === 1n) break;
  }
  return Number(divisor) || 1;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  while (b > 0n) [a, b] = [b, a % b];
  return a;
}

/**
 * How far the mean of `count` durations may be off for the rounding of both their ends: their phase is taken as random,
 * so one duration has a standard error of quantum / sqrt(6), and the mean that over sqrt(count).
 */
export function quantisationError(quantum_ns: number, count: number): number {
  return quantum_ns <= 1 ? 0 : quantum_ns / Math.sqrt(6 * count);
}
