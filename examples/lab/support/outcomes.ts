// Losses of several seeds as words and bars, where some of the runs may have been lost.
import { median, spread } from "./statistics.js";

/** Of losses, where a run that was lost counts as the worst: then it is infinite, never a number by chance. */
export function medianLoss(losses: readonly number[]): number {
  return median(losses.map((loss) => (Number.isNaN(loss) ? Infinity : loss)));
}

/** A share in percent. */
export function percent(share: number, digits = 1): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(digits)} %` : "diverged";
}

/** One bar a setting, with the spread of its seeds. None where runs were lost. */
export function bars(name: string, losses: readonly (readonly number[])[]): { name: string; values: (number | null)[]; low: (number | null)[]; high: (number | null)[] } {
  const known = (value: number) => (Number.isFinite(value) ? value : null);
  const [low, high] = [0, 1].map((end) => losses.map((seeds) => known(spread(seeds)[end]!)));
  return { name, values: losses.map((seeds) => known(medianLoss(seeds))), low: low!, high: high! };
}

/** The median of curves of several seeds, over `length` from its first point to its last. */
export function medianCurve(curves: readonly (readonly number[])[], length = 1): [x: number, y: number][] {
  const points = Math.max(...curves.map((curve) => curve.length));
  return Array.from({ length: points }, (_, i) => [((i + 1) * length) / points, medianLoss(curves.map((curve) => curve[i] ?? NaN))]);
}
