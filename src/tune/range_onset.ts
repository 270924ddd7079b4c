import type { RangePoint } from "./range_analysis.js";

/** Half of the window of the running mean, as a share of the points: as `readRange` has it. */
const windowShare = 1 / 20;
/** How much of the fall may be left at the onset. */
const leftOver = 0.03;

/**
 * The lowest rate of a sweep at which the loss is already down where it is least, to within 3% of its fall: what higher
 * rates gain over it is next to nothing, and what they risk is everything. Where the bottom is flat over a decade or
 * two, as with Adam, the least point lies anywhere on it; its near edge is the same from sweep to sweep.
 *
 * Shapes: points in order of lr; `startLoss` before the first.
 * Throws: nothing. Null for a loss that never falls below where it started.
 */
export function onsetOf(points: readonly RangePoint[], startLoss: number): number | null {
  const burst = points.findIndex(({ loss }) => !Number.isFinite(loss));
  const losses = points.slice(0, burst < 0 ? undefined : burst).map(({ loss }) => loss);
  // A burst at the end must not reach back through the window.
  const ceiling = 2 * startLoss - Math.min(startLoss, ...losses);
  const half = Math.max(2, Math.round(points.length * windowShare));
  const means = losses.map((_, i) => {
    const window = losses.slice(Math.max(0, i - half), i + half + 1).map((loss) => Math.min(loss, ceiling));
    return window.reduce((sum, loss) => sum + loss, 0) / window.length;
  });
  const least = means.reduce((lowest, mean) => Math.min(lowest, mean), Infinity);
  if (!(least < startLoss)) return null;
  let at = means.indexOf(least);
  while (at > 0 && means[at - 1]! <= least + leftOver * (startLoss - least)) at--;
  return points[at]!.lr;
}
