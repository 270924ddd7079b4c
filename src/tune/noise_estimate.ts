// The gradient noise scale from squared norms of gradients at two batch sizes.

/** Of one large batch and the small ones that it is made of. */
export interface NoiseDraw {
  /** Mean of |g|^2 over the small batches. */
  small: number;
  /** |g|^2 of the large batch: of the small ones' mean. */
  large: number;
}

/** A number and how sure it is. */
export interface Estimate {
  value: number;
  standardError: number;
}

export interface NoiseEstimate {
  /** B_simple = tr(Sigma) / |G|^2, in examples. NaN where |G|^2 comes out as 0 or less. */
  noiseScale: Estimate;
  /** |G|^2, the true gradient's squared norm. Unbiased, so it may come out negative. */
  gradientSquared: Estimate;
  /** tr(Sigma), the variance of one example's gradient, summed over parameters. */
  trace: Estimate;
}

/**
 * |G|^2 = (B |g_B|^2 - b |g_b|^2) / (B - b);  tr(Sigma) = (|g_b|^2 - |g_B|^2) / (1/b - 1/B);  B_simple = their ratio,
 * each averaged over the draws before dividing. Standard errors by the jackknife over draws.
 *
 * Range:  two draws or more; 0 < b < B examples.
 * Throws: nothing.
 * Source: McCandlish et al. 2018, arXiv 1812.06162, appendix A.1.
 */
export function estimateNoise(draws: readonly NoiseDraw[], { small: b, large: B }: { small: number; large: number }): NoiseEstimate {
  const squares = draws.map(({ small, large }) => (B * large - b * small) / (B - b));
  const traces = draws.map(({ small, large }) => (small - large) / (1 / b - 1 / B));
  const ratio = (top: number, bottom: number) => (bottom > 0 ? top / bottom : NaN);
  const [squareTotal, traceTotal] = [total(squares), total(traces)];
  return {
    gradientSquared: { value: squareTotal / draws.length, standardError: jackknife(draws.length, (i) => (squareTotal - squares[i]!) / (draws.length - 1)) },
    trace: { value: traceTotal / draws.length, standardError: jackknife(draws.length, (i) => (traceTotal - traces[i]!) / (draws.length - 1)) },
    noiseScale: {
      value: ratio(traceTotal, squareTotal),
      standardError: jackknife(draws.length, (i) => ratio(traceTotal - traces[i]!, squareTotal - squares[i]!)),
    },
  };
}

/** From the estimates without each draw in turn. */
function jackknife(draws: number, without: (draw: number) => number): number {
  const values = Array.from({ length: draws }, (_, i) => without(i));
  const mean = total(values) / draws;
  return Math.sqrt(((draws - 1) / draws) * total(values.map((value) => (value - mean) ** 2)));
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
