// Catapult start: the largest first learning rate that one step survives.
import { checkNumber } from "../options.js";
import type { Trial } from "./armijo.js";
import { firstRise, type Rise } from "./first_rise.js";
import { withProbe } from "./probe.js";
import { batchNumbers, checkToolOptions, type Progress, type ToolOptions, type TuneTarget } from "./target.js";

export interface CatapultOptions extends ToolOptions {
  /** The loss is the mean over batches 0 to batches - 1, and so is the gradient of the step. 1 by default. */
  batches?: number;
  /** The first learning rate tried. 1e-6 by default. */
  start?: number;
  /** How close to come to the threshold, as a share of it. 0.01 by default. */
  precision?: number;
  /** Forward passes over the batches, at most. 60 by default. */
  maxEvaluations?: number;
  onProgress?: (progress: Progress & { trial: Trial }) => void;
}

/** What `catapultStart` found. */
export interface CatapultStart {
  /** The largest rate tried that does not raise the loss, of the leading group; 0 where every rate does. */
  lr: number;
  /** That rate for each group. */
  rates: number[];
  /** The smallest rate above it that does raise the loss; null where none did. */
  raisesAt: number | null;
  startLoss: number;
  /** After one step with `lr`. */
  loss: number;
  outcome: Rise["outcome"];
  trials: Trial[];
  evaluations: number;
  message: string;
}

const where = "catapultStart";
/** Some roundings of an f32 loss: a rise this small may be none. */
const rounding = 2 ** -19;

/**
 * The largest eta with L(theta + eta d) <= L(theta), d the optimizer's own next update per unit of learning rate: for plain
 * SGD d = -g, and on a quadratic eta = 2 g'g / g'Hg. By doubling, then bisection; d is computed once, the rest are forward
 * passes. A warmup may begin at this rate instead of 0, and is shorter by eta / (its target).
 *
 * Range:  start > 0; precision in (0, 1); batches >= 1; maxEvaluations >= 2. Groups keep the ratio of their rates.
 * Throws: UsageError for an option out of range; the signal's reason; what the loss throws. Everything is put back then, as
 *         it is in the end. A loss that is not finite counts as raised.
 * Source: Kalra and Barkeshli 2024, arXiv 2406.09405.
 */
export async function catapultStart(target: TuneTarget, options: CatapultOptions = {}): Promise<CatapultStart> {
  checkToolOptions(where, options, ["batches", "start", "precision", "maxEvaluations", "onProgress"]);
  const batches = batchNumbers(where, options.batches ?? 1);
  const start = checkNumber(where, "start", options.start ?? 1e-6, { above: 0 });
  const precision = checkNumber(where, "precision", options.precision ?? 0.01, { above: 0, below: 1 });
  const maxEvaluations = checkNumber(where, "maxEvaluations", options.maxEvaluations ?? 60, { min: 2, integer: true });
  return withProbe(where, target, options.signal, async (probe) => {
    const { base, direction } = await probe.update(batches);
    const phi = probe.lossAlong(base, direction, batches);
    const startLoss = await phi(0);
    let done = 0;
    const watched = async (alpha: number) => {
      const value = await phi(alpha);
      options.onProgress?.({ done: ++done, total: maxEvaluations, trial: { alpha, value } });
      return value;
    };
    const rise = await firstRise(watched, { value: startLoss, rounding: rounding * Math.abs(startLoss), start, precision, maxEvaluations });
    const { highest, rises, trials, outcome } = rise;
    return {
      lr: highest.alpha,
      rates: probe.ratios.map((ratio) => ratio * highest.alpha),
      raisesAt: rises?.alpha ?? null,
      startLoss,
      loss: highest.value,
      outcome,
      trials,
      evaluations: trials.length,
      message: describe(rise),
    };
  });
}

function describe({ outcome, highest, rises }: Rise): string {
  const text = (lr: number) => Number(lr.toPrecision(3)).toString();
  switch (outcome) {
    case "found":
      return `One step with a learning rate of ${text(highest.alpha)} does not raise the loss, one with ${text(rises!.alpha)} does.`;
    case "no descent":
      return `One step raises the loss however small the rate, down to ${text(rises!.alpha)}: old momentum or weight decay may point uphill.`;
    case "unbounded":
      return `One step does not raise the loss up to a rate of ${text(highest.alpha)}: raise maxEvaluations, or look at a batch that has a gradient.`;
    case "not finite":
      return "The loss is not finite at the parameters themselves.";
  }
}
