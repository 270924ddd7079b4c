// The same search as lanczos.ts in its simplest form, with the memory of two vectors.
import { addScaled, dot, norm, normalized, type HostVector } from "./host_vectors.js";
import type { Operator, SearchOptions, SpectrumEnds } from "./lanczos.js";

/**
 * Power iteration: v <- A v / |A v|, with lambda = v . A v and residual |A v - lambda v|.
 *
 * It goes to the eigenvalue largest in size. Where that one is negative, it goes on with A - lambda, whose largest in
 * size is the highest of A. Each product shrinks what is left by |lambda_2 / lambda_1|, so a cluster at the top or a
 * wide negative end costs hundreds of products where Lanczos takes tens; and a top direction that is faint in the start
 * may not have grown when a flat bulk below it already looks like an answer. It is here as the oracle of the other, and
 * for models whose basis would not fit in memory.
 *
 * Shapes: start [n], any length but 0; the vector returned [n], of unit length.
 * Range:  iterations >= 1, both phases together.
 * Throws: what the operator or `onIteration` throws.
 * Source: von Mises and Pollaczek-Geiringer 1929; the shift as in Golub and Van Loan 8.2.
 */
export async function powerIteration(operator: Operator, start: HostVector, options: SearchOptions): Promise<SpectrumEnds & { vector: Float64Array }> {
  const { tolerance, onIteration } = options;
  let v = normalized(start);
  let shift = 0;
  let lowest = Infinity;
  let before = NaN;
  for (let iterations = 1; ; iterations++) {
    const product = Float64Array.from(await operator(v));
    const highest = dot(v, product);
    const rest = product.slice();
    addScaled(rest, -highest, v);
    const residual = norm(rest);
    lowest = Math.min(lowest, highest);
    const size = Math.abs(highest) || Math.abs(shift);
    const ended = residual <= tolerance * size && !(Math.abs(highest - before) > tolerance * size);
    const turns = ended && highest < 0 && shift === 0 && start.length > 1;
    const converged = ended && !turns;
    const ends = { highest, residual, lowest, iterations, converged };
    onIteration?.(ends);
    if (converged || iterations >= options.iterations) return { ...ends, vector: v };
    before = turns ? NaN : highest;
    if (turns) {
      shift = highest;
      // The vector is the lowest one's: what the new operator would multiply by nearly 0.
      v = normalized(start);
      continue;
    }
    addScaled(product, -shift, v);
    // A v = 0 says that lambda is 0 and v its vector: the residual was 0, and the loop has ended, or the shift took it there.
    v = norm(product) > 0 ? normalized(product) : v;
  }
}
