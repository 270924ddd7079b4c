// Where a function of one number first rises above its value at 0: doubling, then bisection.
import type { Line, Trial } from "./armijo.js";

export interface RiseOptions {
  /** phi(0). */
  value: number;
  /** How far above phi(0) still counts as rounding. */
  rounding: number;
  /** The first step tried. */
  start: number;
  /** Bisection ends when the two steps around the rise are this close, as a share of the longer. */
  precision: number;
  maxEvaluations: number;
}

export interface Rise {
  /**
   * "found"; "no descent": phi rises at every step tried, however short; "unbounded": at none, however long;
   * "not finite": phi(0) is NaN or infinite.
   */
  outcome: "found" | "no descent" | "unbounded" | "not finite";
  /** The longest step that did not rise; 0 for none. */
  highest: Trial;
  /** The shortest step after it that did; null for none. */
  rises: Trial | null;
  /** All evaluations in order. */
  trials: Trial[];
}

/**
 * The largest alpha with phi(alpha) <= phi(0): start, 2 start, 4 start, ... until phi rises (from a start that rises,
 * halves until it does not), then bisection between the two. Of several such places, the first that doubling meets.
 *
 * Range:  start > 0; 0 < precision < 1; maxEvaluations >= 2; NaN and infinities count as risen.
 * Throws: what phi throws.
 * Source: Kalra and Barkeshli 2024, arXiv 2406.09405, the search for the instability threshold.
 */
export async function firstRise(phi: Line, { value, rounding, start, precision, maxEvaluations }: RiseOptions): Promise<Rise> {
  const trials: Trial[] = [];
  let highest: Trial = { alpha: 0, value };
  let rises: Trial | null = null;
  const result = (outcome: Rise["outcome"]): Rise => ({ outcome, highest, rises, trials });
  if (!Number.isFinite(value)) return result("not finite");
  const attempt = async (alpha: number): Promise<Trial> => {
    const trial = { alpha, value: await phi(alpha) };
    trials.push(trial);
    return trial;
  };
  const falls = (trial: Trial) => trial.value < value - rounding && trial.value !== -Infinity;
  let alpha = start;
  // The last evaluation is kept for the question whether phi descends at all.
  while (trials.length < maxEvaluations - 1) {
    const trial = await attempt(alpha);
    // NaN is not <=.
    if (trial.value <= value + rounding && trial.value !== -Infinity) highest = trial;
    else rises = trial;
    if (!rises) alpha *= 2;
    else if (highest.alpha === 0) alpha /= 2;
    else if (rises.alpha - highest.alpha <= precision * rises.alpha) break;
    else alpha = (highest.alpha + rises.alpha) / 2;
  }
  if (!rises) return result("unbounded");
  // Every function is level where steps are too short for its rounding; one that descends is lower before it rises.
  if (highest.alpha > 0 && (trials.some(falls) || falls(await attempt(highest.alpha / 2)))) return result("found");
  highest = { alpha: 0, value };
  return result("no descent");
}
