// PyTorch's schedulers that are made of others.
import { UsageError } from "../errors.js";
import { checkOptions } from "../options.js";
import { printed } from "./checks.js";
import { constant } from "./decays.js";
import { checkMilestones } from "./multi_step.js";
import { baseOf, multiplier } from "./pytorch_base.js";
import { Schedule } from "./schedule.js";

/** Options of `SequentialLR`, in PyTorch's names. */
export interface SequentialLROptions {
  readonly milestones: readonly number[];
}

/**
 * schedulers[0](t) until the first milestone, then schedulers[1](t - milestones[0]), and so on: each starts at its own step 0,
 * from its own base rate, not from where the one before it ended.
 *
 * At a milestone PyTorch takes a scheduler's closed form at 0, and after it multiplies the rate step by step: the same, but for
 * MultiplicativeLR, which goes on from the rate of the scheduler before. ReduceLROnPlateau is not a function of the step.
 *
 * Range:  one milestone less than schedulers, in steps >= 1, in increasing order.
 * Throws: UsageError for an unknown option, no schedulers, or milestones that do not fit them.
 * Source: PyTorch's SequentialLR.
 */
export function SequentialLR(schedulers: readonly Schedule[], options: SequentialLROptions): Schedule {
  checkSchedulers("SequentialLR", schedulers);
  checkOptions("SequentialLR", options, ["milestones"]);
  const milestones = checkMilestones("SequentialLR", options?.milestones, 1);
  if (milestones.length !== schedulers.length - 1) {
    throw new UsageError(`SequentialLR: needs one milestone less than schedulers, got ${milestones.length} for ${schedulers.length}`);
  }
  return schedulers.slice(1).reduce((all, next, i) => all.then(next, { at: milestones[i]! }), schedulers[0]!);
}

/**
 * lr * the product of all factors, where each scheduler alone would give lr * its factor.
 *
 * Schedulers chain where PyTorch computes them by multiplying the rate as it is: MultiplicativeLR, StepLR, MultiStepLR,
 * ConstantLR, LinearLR, ExponentialLR, PolynomialLR, CosineAnnealingLR with etaMin 0, and chains of these. The others set the rate
 * outright, whatever stands before them in the chain; for a product with them use .times(). Where a factor gets to 0 and comes
 * back, past a CosineAnnealingLR's tMax, PyTorch's rate starts again without the factors of the others up to then; the product
 * goes on with them.
 *
 * Range:  schedulers made of the same base rate.
 * Throws: UsageError for no schedulers, one that cannot be chained, or different base rates.
 * Source: PyTorch's ChainedScheduler.
 */
export function ChainedScheduler(schedulers: readonly Schedule[]): Schedule {
  checkSchedulers("ChainedScheduler", schedulers);
  const bases = schedulers.map((scheduler, i) => {
    const base = baseOf(scheduler);
    if (base !== undefined) return base;
    throw new UsageError(
      `ChainedScheduler: schedulers that multiply the rate can be chained, such as LinearLR or StepLR, got another one at place ${i}; for a product of any schedules use a.times(b.scale(1 / lr))`,
    );
  });
  const lr = bases[0]!;
  if (bases.some((base) => base !== lr)) throw new UsageError(`ChainedScheduler: all schedulers need the same base rate, got ${bases.join(", ")}`);
  if (lr === 0) return multiplier(0, constant(0));
  return multiplier(lr, schedulers.slice(1).reduce((product, next) => product.times(next.scale(1 / lr)), schedulers[0]!));
}

function checkSchedulers(where: string, schedulers: readonly Schedule[]): void {
  if (!Array.isArray(schedulers) || schedulers.length === 0) throw new UsageError(`${where}: needs a list of schedulers, got ${Array.isArray(schedulers) ? "an empty one" : printed(schedulers)}`);
  schedulers.forEach((scheduler: unknown, i) => {
    if (scheduler instanceof Schedule) return;
    throw new UsageError(`${where}: needs schedules, got ${printed(scheduler)} at place ${i}; of OneCycleLR and CyclicLR take .lr`);
  });
}
