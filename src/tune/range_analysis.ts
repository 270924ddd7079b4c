// What a learning rate sweep shows: where the loss falls fastest, where it is least, where it rises.

/** One rate of a range test, and the loss there. */
export interface RangePoint {
  /** Of the leading group. */
  lr: number;
  /** Of the next batch, after a step with this rate. May be NaN or infinite at the last point. */
  loss: number;
  /** Running mean of the losses so far. */
  smoothed: number;
}

export interface RangeReading {
  /** Where the loss falls most steeply in log lr: a rate to train with. null where no descent is seen. */
  suggestion: number | null;
  /** Where the loss is least: too high to train with. null where no descent is seen. */
  least: number | null;
  /** From here on the loss stays above its least value, by more than noise. null where it does not rise. */
  rises: number | null;
  /** From here on it stays above twice its least value. null where it does not. */
  doubles: number | null;
}

/** Half of the window that the smooth curve is fitted in, as a share of the points. */
const windowShare = 1 / 20;
/** Standard errors of the smooth curve that a fall must be to count: the extremes of noise alone span about three. */
const fallErrors = 6;
/** A fall that f32 losses can show. */
const relativeFall = 1e-5;
/** A rise that counts, as a share of the fall before it. */
const riseShare = 0.02;
/** Where the loss falls to nearly 0, multiples of it mean nothing: this share of the fall stands for it. */
const floorShare = 0.01;

/** The height at which a loss counts as `factor` times `least`, for losses of any sign. */
export function multipleOf(least: number, factor: number, start: number): number {
  return least + (factor - 1) * Math.max(Math.abs(least), floorShare * (start - least));
}

/**
 * Reads a sweep by a local linear fit of the loss over log lr.
 *
 * Shapes: points in order of lr, evenly spaced in log lr; `startLoss` before the first.
 * Throws: nothing.
 * Source: Smith 2015, arXiv 1506.01186; the steepest slope as in fastai's lr_find, with a centred window so that the
 *         smoothing does not lag.
 */
export function readRange(points: readonly RangePoint[], startLoss: number): RangeReading {
  const nothing = { suggestion: null, least: null, rises: null, doubles: null };
  const finite = points.findIndex(({ loss }) => !Number.isFinite(loss));
  const losses = points.slice(0, finite < 0 ? undefined : finite).map(({ loss }) => loss);
  // A burst at the end must not reach back through the window.
  const ceiling = multipleOf(Math.min(startLoss, ...losses), 4, startLoss);
  const capped = losses.map((loss) => Math.min(loss, Math.max(ceiling, startLoss)));
  const half = Math.max(2, Math.round(points.length * windowShare));
  if (capped.length < 2 * half + 1) return nothing;
  // At the ends a fit would be twice as noisy: the curve is read where the window is whole.
  const fits = capped.slice(half, -half).map((_, i) => fitTo(capped.slice(i, i + 2 * half + 1), half));
  const lowest = indexOfLeast(fits.map(({ value }) => value));
  const least = fits[lowest]!.value;
  const noise = Math.sqrt(meanOf(fits.slice(0, lowest + 1).map(({ variance }) => variance)));
  const error = noise / Math.sqrt(2 * half + 1);
  const fall = fits[0]!.value - least;
  if (fall <= Math.max(fallErrors * error, relativeFall * Math.abs(startLoss))) return nothing;
  const steepest = indexOfLeast(fits.slice(0, lowest + 1).map(({ slope }) => slope));
  const stays = (height: number) => points[stayingFrom(points, half + lowest, height)]?.lr ?? null;
  return {
    suggestion: points[half + steepest]!.lr,
    least: points[half + lowest]!.lr,
    rises: stays(least + Math.max(fallErrors * error, riseShare * fall)),
    doubles: stays(multipleOf(least, 2, startLoss)),
  };
}

/** The first point after `from` from which every loss is above `height`, NaN included. */
function stayingFrom(points: readonly RangePoint[], from: number, height: number): number {
  let first = points.length;
  while (first - 1 > from && !(points[first - 1]!.loss <= height)) first--;
  return first;
}

/** The line through 2 half + 1 values, at their middle. */
function fitTo(window: readonly number[], half: number): { value: number; slope: number; variance: number } {
  const value = meanOf(window);
  const squares = window.reduce((sum, _, k) => sum + (k - half) ** 2, 0);
  const slope = window.reduce((sum, y, k) => sum + (k - half) * y, 0) / squares;
  const variance = window.reduce((sum, y, k) => sum + (y - value - slope * (k - half)) ** 2, 0) / (2 * half - 1);
  return { value, slope, variance };
}

function indexOfLeast(values: readonly number[]): number {
  return values.reduce((least, value, i) => (value < values[least]! ? i : least), 0);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
