// Eigenvalues at the ends of a small symmetric tridiagonal matrix T: what Lanczos makes of a large one.

export interface EigenPair {
  value: number;
  /** Of unit length. */
  vector: Float64Array;
}

/**
 * The highest or the lowest eigenvalue of T with its vector: bisection on Sturm counts, then inverse iteration.
 *
 * Shapes: diagonal [n], off [n - 1] (off[i] joins i and i + 1), n >= 1.
 * Range:  finite numbers; exact to rounding of the largest entry.
 * Throws: nothing.
 * Source: Golub and Van Loan, Matrix Computations, 8.4 and 8.2.2.
 */
export function extremePair(diagonal: readonly number[], off: readonly number[], end: "highest" | "lowest"): EigenPair {
  // -T has the lowest of T as its highest; the vector is the same.
  if (end === "lowest") {
    const { value, vector } = extremePair(diagonal.map((entry) => -entry), off.map((entry) => -entry), "highest");
    return { value: -value, vector };
  }
  const value = highestEigenvalue(diagonal, off);
  return { value, vector: vectorOf(diagonal, off, value) };
}

/** Between Gershgorin's bounds, by bisection to rounding of the larger bound. */
function highestEigenvalue(diagonal: readonly number[], off: readonly number[]): number {
  const n = diagonal.length;
  const reach = (i: number) => Math.abs(off[i - 1] ?? 0) + Math.abs(off[i] ?? 0);
  let low = Math.min(...diagonal.map((entry, i) => entry - reach(i)));
  let high = Math.max(...diagonal.map((entry, i) => entry + reach(i)));
  const rounding = Math.max(Math.abs(low), Math.abs(high)) * 2 ** -52;
  while (high - low > rounding) {
    const middle = low + (high - low) / 2;
    if (middle === low || middle === high) break;
    if (eigenvaluesBelow(diagonal, off, middle) < n) low = middle;
    else high = middle;
  }
  return high;
}

/** How many eigenvalues of T are below x: negative pivots of T - x. */
function eigenvaluesBelow(diagonal: readonly number[], off: readonly number[], x: number): number {
  let count = 0;
  let pivot = 1;
  diagonal.forEach((entry, i) => {
    const beside = i === 0 ? 0 : off[i - 1]! ** 2 / pivot;
    pivot = entry - x - beside;
    if (pivot === 0) pivot = -Number.MIN_VALUE * 2 ** 60;
    if (pivot < 0) count++;
  });
  return count;
}

/** Two rounds of inverse iteration: T - value is singular to rounding, so one round would do but for an unlucky start. */
function vectorOf(diagonal: readonly number[], off: readonly number[], value: number): Float64Array {
  const n = diagonal.length;
  const scale = Math.max(...diagonal.map(Math.abs), ...off.map(Math.abs)) || 1;
  const shift = value + scale * 2 ** -50;
  // A start with no symmetry that an eigenvector could be orthogonal to.
  let vector: Float64Array = Float64Array.from({ length: n }, (_, i) => 1 + 0.5 * Math.sin(1 + 2.3 * i));
  for (let round = 0; round < 3; round++) vector = scaledToUnit(solve(diagonal.map((entry) => entry - shift), off, vector, scale));
  return vector;
}

/** Solves the tridiagonal system by elimination with partial pivoting, which leaves two diagonals above. */
function solve(diagonal: readonly number[], off: readonly number[], right: Float64Array, scale: number): Float64Array {
  const n = diagonal.length;
  const main = [...diagonal];
  const above = [...off, 0];
  const far = new Array<number>(n).fill(0);
  const x = Float64Array.from(right);
  for (let i = 0; i + 1 < n; i++) {
    let below = off[i]!;
    if (Math.abs(below) > Math.abs(main[i]!)) {
      [main[i], below] = [below, main[i]!];
      [above[i], main[i + 1]] = [main[i + 1]!, above[i]!];
      [far[i], above[i + 1]] = [above[i + 1]!, far[i]!];
      [x[i], x[i + 1]] = [x[i + 1]!, x[i]!];
    }
    if (main[i] === 0) main[i] = scale * 2 ** -52;
    const factor = below / main[i]!;
    main[i + 1]! -= factor * above[i]!;
    above[i + 1]! -= factor * far[i]!;
    x[i + 1]! -= factor * x[i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    const pivot = main[i] || scale * 2 ** -52;
    x[i] = (x[i]! - above[i]! * (x[i + 1] ?? 0) - far[i]! * (x[i + 2] ?? 0)) / pivot;
  }
  return x;
}

/** By the largest entry first: the solution of a nearly singular system may be huge. */
function scaledToUnit(x: Float64Array): Float64Array {
  const largest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const small = x.map((value) => value / largest);
  const size = Math.sqrt(small.reduce((sum, value) => sum + value * value, 0)) || 1;
  return small.map((value) => value / size);
}
