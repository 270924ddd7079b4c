import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { checkChoice } from "./checks.js";
import { asSchedule, type Schedule } from "./schedule.js";

/** How the rate grows with k = to / from: k times, or sqrt(k) times. */
export type BatchRule = "linear" | "sqrt";

const factors: Readonly<Record<BatchRule, (k: number) => number>> = { linear: (k) => k, sqrt: Math.sqrt };

/** Options of `scaleForBatch`. */
export interface BatchScalingOptions {
  /** The batch that the schedule was made for. */
  readonly from: number;
  /** The batch that it is to be used with. */
  readonly to: number;
  readonly rule: BatchRule;
  /** Scale up even a schedule that starts at full rate. */
  readonly withoutWarmup?: boolean;
}

/**
 * The schedule for another batch size: with k = to / from, k times the rate ("linear") or sqrt(k) times ("sqrt").
 *
 * "linear" is for SGD: k small steps with one gradient each are about one step of k times the rate, as long as the weights move
 * little meanwhile. That fails in the first steps, so a schedule whose first rate, scaled, is over its unscaled peak is refused: it
 * needs a warmup. "sqrt" is for Adam and its kin, which divide by the gradient's size, noise included: where the noise rules, k times
 * the batch divides that by sqrt(k). With it goes 1 - beta times k for both betas, and eps / sqrt(k).
 *
 * Range:  from, to > 0; rule "linear" or "sqrt"; scaling down is always allowed; withoutWarmup = false.
 * Throws: UsageError for an unknown option or rule, a number out of range, or a larger rate without a warmup.
 * Source: Goyal et al., "Accurate, large minibatch SGD", 2017, arXiv 1706.02677 (linear, with warmup); Krizhevsky, "One weird trick
 *         for parallelizing convolutional neural networks", 2014 (both, for SGD); Malladi et al., "On the SDEs and scaling rules for
 *         adaptive gradient algorithms", 2022, arXiv 2205.10287 (sqrt, for Adam and RMSprop).
 */
export function scaleForBatch(schedule: Schedule | number, options: BatchScalingOptions): Schedule {
  const where = "scaleForBatch";
  checkOptions(where, options, ["from", "to", "rule", "withoutWarmup"]);
  const { from, to, withoutWarmup = false } = options ?? {};
  checkNumber(where, "from", from, { above: 0 });
  checkNumber(where, "to", to, { above: 0 });
  const rule = checkChoice(where, "rule", options.rule, factors);
  if (typeof withoutWarmup !== "boolean") throw new UsageError(`${where}: withoutWarmup must be true or false, got ${String(withoutWarmup)}`);
  const original = asSchedule(schedule);
  const factor = factors[rule](to / from);
  const scaled = original.scale(factor);
  if (!withoutWarmup && factor > 1) checkWarmup(where, original, scaled.at(0), factor);
  return scaled;
}

function checkWarmup(where: string, original: Schedule, first: number, factor: number): void {
  let peak = -Infinity;
  for (const t of stepsOf(original)) {
    peak = Math.max(peak, original.at(t));
    if (first <= peak) return;
  }
  const [start, highest] = [number(first), number(peak)];
  throw new UsageError(
    `${where}: a rate ${number(factor)} times as large needs a warmup, because the first steps do not bear it, got a schedule that starts at ${start}, ` +
      `over the unscaled peak of ${highest}; scale warmup({ steps, to: ${highest} }).then(...) instead, or give withoutWarmup: true`,
  );
}

/** Every step to 10,000, then 1,000 steps to each doubling: the climb of a longer warmup cannot hide between two of them. */
function* stepsOf(schedule: Schedule): Generator<number> {
  const last = Math.min(schedule.steps, 1e7);
  for (let t = 0; t <= last; t += Math.max(1, Math.floor(t / 1e4) * 10)) yield t;
  yield last;
}

function number(value: number): string {
  return String(Number(value.toPrecision(3)));
}
