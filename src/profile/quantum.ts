// The step in which an adapter's timestamps count. Browsers, and Dawn by default, round them against timing attacks.

/** Nanoseconds: the greatest step that divides every duration; 1 where they have none in common. */
export function quantumOf(times_ns: readonly number[]): number {
  return times_ns.reduce((divisor, time) => greatestCommonDivisor(divisor, Math.abs(Math.round(time))), 0) || 1;
}

function greatestCommonDivisor(a: number, b: number): number {
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

/**
 * How far the mean of `count` durations may be off for the rounding of both their ends: their phase is taken as random,
 * so one duration has a standard error of quantum / sqrt(6), and the mean that over sqrt(count).
 */
export function quantisationError(quantum_ns: number, count: number): number {
  return quantum_ns <= 1 ? 0 : quantum_ns / Math.sqrt(6 * count);
}
