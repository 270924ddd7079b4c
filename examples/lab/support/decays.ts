// The two decays that several claims set against each other, from the same rate to the same rate; and the choice of that rate.
import { schedule } from "kiln-gpu";
import { mean } from "./statistics.js";

export type Decay = "exponential" | "step";
export const decays: readonly Decay[] = ["exponential", "step"];

/** How far a rate falls over a run. */
export const span = 64;
/** From `rate` to `rate / span`: as one straight line on a logarithmic scale, or in stairs of equal length that end on it. */
export function decay(kind: Decay, rate: number, steps: number, stairs = 4): schedule.Schedule {
  if (kind === "exponential") return schedule.exponential({ from: rate, factor: span ** (-1 / steps), steps });
  return schedule.step({ from: rate, every: Math.ceil(steps / stairs), factor: span ** (-1 / (stairs - 1)), to: rate / span });
}

/** What a setting gave at one rate. */
export interface Trial {
  rate: number;
  /** Decides which rate is the best: loss on examples that are neither learned from nor reported. */
  validation: number;
  /** What is reported. */
  test: number;
}

/** Every rate tried, and the one with the lowest validation loss. A run that was lost has NaN there and is never the best. */
export async function tuned<T extends Trial>(rates: readonly number[], run: (rate: number) => Promise<T>): Promise<{ best: T; trials: T[] }> {
  const trials: T[] = [];
  for (const rate of rates) trials.push(await run(rate));
  const best = trials.reduce((best, trial) => (trial.validation < best.validation || Number.isNaN(best.validation) ? trial : best));
  return { best, trials };
}

/** A curve of at most about 40 points, each the mean of the steps before it. */
export function thinned(losses: readonly number[], points = 40): number[] {
  const width = Math.ceil(losses.length / points);
  return Array.from({ length: Math.ceil(losses.length / width) }, (_, i) => mean(losses.slice(i * width, (i + 1) * width)));
}
