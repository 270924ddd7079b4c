// Whether two measures put things in the same order.
import { mean } from "./statistics.js";

/** Ranks from 1; equal values share the mean of theirs. */
export function ranks(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return values.map((value) => (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2 + 1);
}

/** Spearman's rank correlation, ties included: the correlation of the ranks. NaN where one side has a single value, or one that is not a number. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  if ([...a, ...b].some(Number.isNaN)) return NaN;
  const [x, y] = [centred(ranks(a)), centred(ranks(b))];
  const dot = (u: readonly number[], v: readonly number[]) => u.reduce((sum, value, i) => sum + value * v[i]!, 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

/** Of all pairs of one that is sound and one that is not, the share in which the sound one has the higher value; a draw counts half. NaN without a pair. */
export function separation(values: readonly number[], sound: readonly boolean[]): number {
  const pairs = values.flatMap((high, i) => (sound[i] ? values.filter((_, j) => !sound[j]).map((low) => (high > low ? 1 : high === low ? 0.5 : 0)) : []));
  return pairs.length > 0 ? mean(pairs) : NaN;
}

function centred(values: readonly number[]): number[] {
  const middle = mean(values);
  return values.map((value) => value - middle);
}
