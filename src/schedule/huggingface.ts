// Ready-made schedules under the names of Hugging Face's transformers: functions of the group's base rate, so that several
// groups are lrs.map((lr) => getScheduler("cosine", lr, { ... })). With t = how often scheduler.step() was called, they are its
// get_last_lr(), also past the end.
import { UsageError } from "../errors.js";
import { printed } from "./checks.js";
import { makers } from "./huggingface_makers.js";
import type {
  CosineMinLrScheduleOptions,
  CosineMinLrWarmupScheduleOptions,
  CosineScheduleOptions,
  InverseSqrtScheduleOptions,
  PolynomialScheduleOptions,
  SchedulerName,
  SchedulerOptions,
  TrainingStepsOptions,
  WarmupStepsOptions,
} from "./huggingface_makers.js";
import type { WsdScheduleOptions } from "./huggingface_wsd.js";
import type { Schedule } from "./schedule.js";

/**
 * lr at every step.
 *
 * Range:  lr >= 0.
 * Throws: UsageError for a rate out of range.
 * Source: transformers, get_constant_schedule ("constant").
 */
export function getConstantSchedule(lr: number): Schedule {
  return makers.constant("getConstantSchedule", lr, {});
}

/**
 * lr * t / warmupSteps for t < warmupSteps, then lr.
 *
 * Range:  lr >= 0; warmupSteps >= 0.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: transformers, get_constant_schedule_with_warmup ("constant_with_warmup").
 */
export function getConstantScheduleWithWarmup(lr: number, options: WarmupStepsOptions): Schedule {
  return makers.constant_with_warmup("getConstantScheduleWithWarmup", lr, options);
}

/**
 * A ramp to lr, then lr * max(0, (steps - t) / (steps - warmupSteps)).
 *
 * Range:  lr >= 0; warmupSteps, steps >= 0.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: transformers, get_linear_schedule_with_warmup ("linear").
 */
export function getLinearScheduleWithWarmup(lr: number, options: TrainingStepsOptions): Schedule {
  return makers.linear("getLinearScheduleWithWarmup", lr, options);
}

/**
 * A ramp to lr, then lr * (1 + cos(2 pi numCycles p)) / 2 with p = (t - warmupSteps) / max(1, steps - warmupSteps): with the
 * default half a period, from lr to 0. Past `steps` the wave goes on, so that the rate rises again.
 *
 * Range:  lr >= 0; warmupSteps, steps >= 0; numCycles = 0.5, > 0.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: transformers, get_cosine_schedule_with_warmup ("cosine").
 */
export function getCosineScheduleWithWarmup(lr: number, options: CosineScheduleOptions): Schedule {
  return makers.cosine("getCosineScheduleWithWarmup", lr, options);
}

/**
 * A ramp to lr, then numCycles half periods of cosine from lr to 0 with hard restarts: lr * (1 + cos(pi q)) / 2 with
 * q = numCycles (t - warmupSteps) / max(1, steps - warmupSteps) mod 1; 0 from `steps` on.
 *
 * From 22 cycles on, Hugging Face's q is rounded to just below 1 at some of the restarts, and the rate is 0 for that step; here it
 * is lr.
 *
 * Range:  lr >= 0; warmupSteps, steps >= 0; numCycles = 1, > 0.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: transformers, get_cosine_with_hard_restarts_schedule_with_warmup ("cosine_with_restarts").
 */
export function getCosineWithHardRestartsScheduleWithWarmup(lr: number, options: CosineScheduleOptions): Schedule {
  return makers.cosine_with_restarts("getCosineWithHardRestartsScheduleWithWarmup", lr, options);
}

/**
 * A ramp to lr, then lrEnd + (lr - lrEnd) * (1 - (t - warmupSteps) / (steps - warmupSteps))^power; lrEnd from `steps` on.
 *
 * Range:  lr >= 0; warmupSteps, steps >= 0; lrEnd = 1e-7, >= 0, below lr; power = 1, > 0; defaultLr = lr.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: transformers, get_polynomial_decay_schedule_with_warmup ("polynomial").
 */
export function getPolynomialDecayScheduleWithWarmup(lr: number, options: PolynomialScheduleOptions): Schedule {
  return makers.polynomial("getPolynomialDecayScheduleWithWarmup", lr, options);
}

/**
 * A ramp to lr, then lr / sqrt((t - warmupSteps + timescale) / timescale).
 *
 * Range:  lr >= 0; warmupSteps >= 0; timescale = warmupSteps, or 10,000 without a warmup; > 0.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: transformers, get_inverse_sqrt_schedule ("inverse_sqrt"); Zhai et al., "Scaling vision transformers", 2021.
 */
export function getInverseSqrtSchedule(lr: number, options: InverseSqrtScheduleOptions): Schedule {
  return makers.inverse_sqrt("getInverseSqrtSchedule", lr, options);
}

/**
 * A ramp to lr, then from lr to minLr: minLr + (lr - minLr) * (1 + cos(2 pi numCycles p)) / 2 with
 * p = (t - warmupSteps) / max(1, steps - warmupSteps). Past `steps` the wave goes on, so that the rate rises again.
 *
 * Range:  lr >= 0; warmupSteps, steps >= 0; numCycles = 0.5, > 0; either minLr or minLrRate, >= 0, where minLr = lr * minLrRate;
 *         defaultLr = lr.
 * Throws: UsageError for an unknown option, a number out of range, or neither or both of minLr and minLrRate.
 * Source: transformers, get_cosine_with_min_lr_schedule_with_warmup ("cosine_with_min_lr").
 */
export function getCosineWithMinLrScheduleWithWarmup(lr: number, options: CosineMinLrScheduleOptions): Schedule {
  return makers.cosine_with_min_lr("getCosineWithMinLrScheduleWithWarmup", lr, options);
}

/**
 * A ramp whose last step has lr, then the cosine of cosine_with_min_lr one step ahead, so that step `steps` - 1 has minLr. The
 * ramp is lr * (t + 1) / warmupSteps, or with warmupLrRate from lr * warmupLrRate, in equal steps.
 *
 * Range:  lr >= 0; warmupSteps, steps >= 0; numCycles = 0.5, > 0; either minLr or minLrRate, >= 0; warmupLrRate >= 0; defaultLr = lr.
 * Throws: UsageError for an unknown option, a number out of range, or neither or both of minLr and minLrRate.
 * Source: transformers, get_cosine_with_min_lr_schedule_with_warmup_lr_rate ("cosine_warmup_with_min_lr").
 */
export function getCosineWithMinLrScheduleWithWarmupLrRate(lr: number, options: CosineMinLrWarmupScheduleOptions): Schedule {
  return makers.cosine_warmup_with_min_lr("getCosineWithMinLrScheduleWithWarmupLrRate", lr, options);
}

/**
 * With low = lr * minLrRatio: from low to lr in warmupSteps, lr for stableSteps, from lr to low in decaySteps, then low. A warmup's
 * progress p is p, (1 - cos(pi p)) / 2 or 1 - sqrt(1 - p), a decay's 1 - p, (1 + cos(2 pi numCycles p)) / 2 or 1 - sqrt(p).
 *
 * Range:  lr >= 0; warmupSteps, decaySteps >= 0; stableSteps >= 0, or `steps` of all parts; warmupType = "linear", "cosine" or
 *         "1-sqrt"; decayType = "cosine", "linear" or "1-sqrt"; minLrRatio = 0, >= 0; numCycles = 0.5, > 0, of a cosine decay.
 * Throws: UsageError for an unknown option or type, a number out of range, or parts that do not add up to `steps` (Hugging Face
 *         warns, or jumps into the decay).
 * Source: transformers, get_wsd_schedule ("warmup_stable_decay"); Hu et al., "MiniCPM", 2024.
 */
export function getWsdSchedule(lr: number, options: WsdScheduleOptions): Schedule {
  return makers.warmup_stable_decay("getWsdSchedule", lr, options);
}

/**
 * The schedule that Hugging Face calls `name`: the functions of this file, by name.
 *
 * Range:  lr >= 0; options as the function of that name takes them. A `warmupSteps` or `steps` that it has no use for is left
 *         aside, as there, so that one set of options can try several names.
 * Throws: UsageError for an unknown name or option, a number out of range, or reduce_lr_on_plateau, which is no function of the step.
 * Source: transformers, get_scheduler.
 */
export function getScheduler<Name extends SchedulerName>(name: Name, lr: number, options: SchedulerOptions[Name]): Schedule {
  if ((name as string) === "reduce_lr_on_plateau") {
    throw new UsageError(`getScheduler: reduce_lr_on_plateau follows a metric and is no function of the step, got "${name}"; use new optim.ReduceLROnPlateau(optimizer, { ... })`);
  }
  if (typeof name !== "string" || !Object.hasOwn(makers, name)) {
    throw new UsageError(`getScheduler: unknown name, got ${printed(name)}; use ${Object.keys(makers).join(", ")}`);
  }
  return makers[name](`getScheduler("${name}")`, lr, options);
}
