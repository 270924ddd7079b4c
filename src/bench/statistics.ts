// Medians and spread: timings have outliers on one side only, so nothing here is a mean.
import { UsageError } from "../errors.js";

export interface Summary {
  median: number;
  /** First and third quartile; their distance is the spread. */
  q1: number;
  q3: number;
  min: number;
  samples: number;
}

/**
 * The value below which a share `q` of the sorted values lie, linear between two of them.
 *
 * Source: Hyndman and Fan 1996, type 7, the default of NumPy and R.
 */
export function quantile(sorted: readonly number[], q: number): number {
  if (sorted.length === 0) throw new UsageError("quantile: needs values, got none");
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  return low + (at - below) * (sorted[Math.min(below + 1, sorted.length - 1)]! - low);
}

export function summarise(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), q1: quantile(sorted, 0.25), q3: quantile(sorted, 0.75), min: sorted[0]!, samples: values.length };
}

export interface Ratio {
  /** Median of the pairwise ratios a / b. */
  median: number;
  q1: number;
  q3: number;
}

/** Of samples taken in turn: what disturbs the machine disturbs both of a pair. */
export function ratioOf(a: readonly number[], b: readonly number[]): Ratio {
  const { median, q1, q3 } = summarise(a.slice(0, b.length).map((value, i) => value / b[i]!));
  return { median, q1, q3 };
}
