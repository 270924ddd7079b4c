// What a sweep found: the loss at each value, over its seeds.
import type { RunId } from "../protocol.js";
import type { QueuedPoint } from "./sweep_queue.js";
import type { SweepValue } from "./sweep_plan.js";

export interface ValueResult {
  value: SweepValue;
  /** Of the runs that have one, in the order of their seeds. */
  losses: { seed: number; run: RunId; loss: number }[];
  /** Runs that ended without a finite loss: they diverged, or the device failed. */
  failed: number;
  mean: number | null;
  min: number | null;
  max: number | null;
}

export interface Outcome {
  /** Of the last validation; null before it. */
  loss: number | null;
  /** Ended by an error. */
  failed: boolean;
}

/** One for each value, in the order of the sweep. */
export function sweepResults(points: readonly QueuedPoint[], outcomeOf: (run: RunId) => Outcome | undefined): ValueResult[] {
  const byValue = new Map<SweepValue, ValueResult>();
  for (const { value, seed, run } of points) {
    const result = byValue.get(value) ?? { value, losses: [], failed: 0, mean: null, min: null, max: null };
    byValue.set(value, result);
    const outcome = run === null ? undefined : outcomeOf(run);
    if (run === null || !outcome) continue;
    if (outcome.failed || (outcome.loss !== null && !Number.isFinite(outcome.loss))) result.failed++;
    else if (outcome.loss !== null) result.losses.push({ seed, run, loss: outcome.loss });
  }
  return [...byValue.values()].map(withSpread);
}

function withSpread(result: ValueResult): ValueResult {
  const losses = result.losses.map(({ loss }) => loss);
  if (losses.length === 0) return result;
  return { ...result, mean: losses.reduce((sum, loss) => sum + loss, 0) / losses.length, min: Math.min(...losses), max: Math.max(...losses) };
}

/** The value with the lowest mean; null before there is one, or where runs at it failed too. */
export function bestOf(results: readonly ValueResult[]): ValueResult | null {
  const whole = results.filter(({ mean, failed }) => mean !== null && failed === 0);
  return whole.reduce<ValueResult | null>((best, result) => (best === null || result.mean! < best.mean! ? result : best), null);
}
