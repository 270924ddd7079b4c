// The ends of a large symmetric operator's spectrum from few products with vectors.
import { addScaled, dot, norm, normalized, type HostVector } from "./host_vectors.js";
import { extremePair } from "./tridiagonal.js";

/** A symmetric operator: all that is known of it are its products. */
export type Operator = (v: HostVector) => Promise<HostVector> | HostVector;

/** What the search has found so far. */
export interface SpectrumEnds {
  /** The highest eigenvalue in the algebraic sense, from below. */
  highest: number;
  /** |A y - highest y| for the vector y of `highest`: an eigenvalue lies at most this far from it. */
  residual: number;
  /** The lowest eigenvalue seen, from above. Not waited for. */
  lowest: number;
  /** Products used. */
  iterations: number;
  /** Whether `residual` came within the tolerance and `highest` had stopped growing. */
  converged: boolean;
}

export interface SearchOptions {
  /** Most products to use. */
  iterations: number;
  /** Of the residual, relative to the highest eigenvalue's size. */
  tolerance: number;
  /** Called after each product; may throw to stop. */
  onIteration?: (ends: SpectrumEnds) => void;
}

/** A start that has little of the top direction may show another eigenvalue first: growth must have ended for so long. */
const settled = 3;

/**
 * Lanczos: products with A build an orthonormal basis Q in which A is tridiagonal, T = Q^T A Q; the ends of T's
 * spectrum are those of A after few steps, whatever their signs.
 *
 * Every new vector is made orthogonal to all before it, twice. The three-term recurrence would do in exact
 * arithmetic; in floating point it loses orthogonality as soon as the top has converged, and then finds copies of it.
 * The price is the memory of the basis, kept in f32: 4 bytes a parameter and iteration.
 *
 * Shapes: start [n], any length but 0; the vector returned [n], of unit length.
 * Range:  iterations >= 1; stops early when the basis spans an invariant space, where the answer is exact.
 * Throws: what the operator or `onIteration` throws.
 * Source: Lanczos 1950; Paige 1972; residual |beta s| as in Parlett, The Symmetric Eigenvalue Problem, 13.2.
 */
export async function lanczos(operator: Operator, start: HostVector, options: SearchOptions): Promise<SpectrumEnds & { vector: Float64Array }> {
  const { tolerance, onIteration } = options;
  const most = Math.min(options.iterations, start.length);
  const basis: Float32Array[] = [];
  const diagonal: number[] = [];
  const off: number[] = [];
  const tops: number[] = [];
  let next = normalized(start);
  while (true) {
    const q = Float32Array.from(next);
    basis.push(q);
    const rest = Float64Array.from(await operator(q));
    diagonal.push(dot(q, rest));
    for (let pass = 0; pass < 2; pass++) for (const earlier of basis) addScaled(rest, -dot(earlier, rest), earlier);
    const beta = norm(rest);

    const top = extremePair(diagonal, off, "highest");
    tops.push(top.value);
    const iterations = basis.length;
    const residual = beta * Math.abs(top.vector[iterations - 1]!);
    const lowest = extremePair(diagonal, off, "lowest").value;
    const size = Math.max(Math.abs(top.value), Math.abs(lowest));
    // The basis is kept in f32, so a rest of that size is rounding: A maps the basis into itself.
    const invariant = beta <= size * 2 ** -20 || iterations === start.length;
    const grown = top.value - (tops[iterations - 1 - settled] ?? -Infinity);
    const converged = invariant || (residual <= tolerance * Math.abs(top.value) && grown <= tolerance * Math.abs(top.value));
    const ends = { highest: top.value, residual, lowest, iterations, converged };
    onIteration?.(ends);
    if (converged || iterations >= most) return { ...ends, vector: combine(basis, top.vector) };
    off.push(beta);
    next = rest.map((value) => value / beta);
  }
}

function combine(basis: readonly Float32Array[], weights: Float64Array): Float64Array {
  const sum = new Float64Array(basis[0]!.length);
  basis.forEach((q, i) => addScaled(sum, weights[i]!, q));
  return normalized(sum);
}
