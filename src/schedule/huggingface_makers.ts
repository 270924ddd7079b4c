// How each of Hugging Face's schedules is put together; huggingface.ts has their public names. `where` is what the user typed.
import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { checkOptional, checkSteps } from "./checks.js";
import { cosineRestarts, cosineWave } from "./cycles.js";
import { constant, inverseSqrt, linear, polynomial } from "./decays.js";
import { warmupStableDecayOf, type WsdScheduleOptions } from "./huggingface_wsd.js";
import type { Schedule } from "./schedule.js";
import { warmup } from "./warmups.js";

/** Options of schedules that begin with a warmup. */
export interface WarmupStepsOptions {
  /** Steps of the linear ramp from 0 to lr; 0 for none. */
  readonly warmupSteps: number;
}

/** Options of schedules that must know how long the training is. */
export interface TrainingStepsOptions extends WarmupStepsOptions {
  /** All steps of the training, the warmup's included. */
  readonly steps: number;
}

/** Options of the cosine schedules. */
export interface CosineScheduleOptions extends TrainingStepsOptions {
  readonly numCycles?: number;
}

/** The rate of schedules that decay to a share of it or below it. */
export interface DefaultRateOptions {
  /**
   * The optimizer's own rate, where a group has another one: Hugging Face measures the last rate against that, so that a group with
   * twice the rate ends at twice the rate too. By default the group's.
   */
  readonly defaultLr?: number;
}

/** Options of `getPolynomialDecayScheduleWithWarmup`. */
export interface PolynomialScheduleOptions extends TrainingStepsOptions, DefaultRateOptions {
  readonly lrEnd?: number;
  readonly power?: number;
}

/** Options of `getInverseSqrtSchedule`. */
export interface InverseSqrtScheduleOptions extends WarmupStepsOptions {
  readonly timescale?: number;
}

/** Options of `getCosineWithMinLrScheduleWithWarmup`. */
export interface CosineMinLrScheduleOptions extends CosineScheduleOptions, DefaultRateOptions {
  /** Either this or minLrRate. */
  readonly minLr?: number;
  /** As a share of the rate. */
  readonly minLrRate?: number;
}

/** Options of `getCosineWithMinLrScheduleWithWarmupLrRate`. */
export interface CosineMinLrWarmupScheduleOptions extends CosineMinLrScheduleOptions {
  /** Where the ramp starts, as a share of the rate. */
  readonly warmupLrRate?: number;
}

/** Options of each name; a `warmupSteps` and a `steps` are always taken, as Hugging Face does. */
export interface SchedulerOptions {
  readonly constant: Partial<TrainingStepsOptions>;
  readonly constant_with_warmup: WarmupStepsOptions & Partial<TrainingStepsOptions>;
  readonly linear: TrainingStepsOptions;
  readonly cosine: CosineScheduleOptions;
  readonly cosine_with_restarts: CosineScheduleOptions;
  readonly polynomial: PolynomialScheduleOptions;
  readonly inverse_sqrt: InverseSqrtScheduleOptions & Partial<TrainingStepsOptions>;
  readonly cosine_with_min_lr: CosineMinLrScheduleOptions;
  readonly cosine_warmup_with_min_lr: CosineMinLrWarmupScheduleOptions;
  readonly warmup_stable_decay: WsdScheduleOptions;
}

/** The names that `getScheduler` takes. */
export type SchedulerName = keyof SchedulerOptions;

export const makers: { readonly [Name in SchedulerName]: (where: string, lr: number, options: SchedulerOptions[Name]) => Schedule } = {
  constant(where, lr, options) {
    checkOptions(where, options, ["warmupSteps", "steps"]);
    return constant(rate(where, lr));
  },
  constant_with_warmup(where, lr, options) {
    checkOptions(where, options, ["warmupSteps", "steps"]);
    return ramp(where, lr, options);
  },
  linear(where, lr, options) {
    checkOptions(where, options, ["warmupSteps", "steps"]);
    return ramp(where, lr, options).then(linear({ from: lr, steps: Math.max(0, stepsAfterWarmup(where, options)) }));
  },
  cosine(where, lr, options) {
    checkOptions(where, options, ["warmupSteps", "steps", "numCycles"]);
    return ramp(where, lr, options).then(cosineWave({ from: lr, to: 0, period: wavePeriod(where, options) }));
  },
  cosine_with_restarts(where, lr, options) {
    checkOptions(where, options, ["warmupSteps", "steps", "numCycles"]);
    const cycles = checkNumber(where, "numCycles", options?.numCycles ?? 1, { above: 0 });
    return ramp(where, lr, options).then(cosineRestarts({ from: lr, steps: Math.max(1, stepsAfterWarmup(where, options)), cycles }));
  },
  polynomial(where, lr, options) {
    checkOptions(where, options, ["warmupSteps", "steps", "lrEnd", "power", "defaultLr"]);
    const { lrEnd = 1e-7, power = 1, defaultLr = lr } = options ?? {};
    checkNumber(where, "lrEnd", lrEnd, { min: 0 });
    checkNumber(where, "power", power, { above: 0 });
    if (!(rate(where, defaultLr, "defaultLr") > lrEnd)) throw new UsageError(`${where}: lrEnd must be below the rate, got ${lrEnd} and ${defaultLr}`);
    const start = ramp(where, lr, options);
    return start.then(polynomial({ from: lr, to: relativeTo(lrEnd, lr, defaultLr), power, steps: Math.max(0, stepsAfterWarmup(where, options)) }));
  },
  inverse_sqrt(where, lr, options) {
    checkOptions(where, options, ["warmupSteps", "steps", "timescale"]);
    const start = ramp(where, lr, options);
    const timescale = checkNumber(where, "timescale", options.timescale ?? (options.warmupSteps || 10_000), { above: 0 });
    return start.then(inverseSqrt({ from: lr, timescale }));
  },
  cosine_with_min_lr(where, lr, options) {
    checkOptions(where, options, ["warmupSteps", "steps", "numCycles", "minLr", "minLrRate", "defaultLr"]);
    return ramp(where, lr, options).then(cosineWave({ from: lr, to: lowest(where, lr, options), period: wavePeriod(where, options) }));
  },
  cosine_warmup_with_min_lr(where, lr, options) {
    checkOptions(where, options, ["warmupSteps", "steps", "numCycles", "minLr", "minLrRate", "defaultLr", "warmupLrRate"]);
    rate(where, lr);
    const ramped = checkSteps(where, "warmupSteps", options?.warmupSteps);
    const share = checkOptional(where, "warmupLrRate", options.warmupLrRate, { min: 0 });
    const wave = cosineWave({ from: lr, to: lowest(where, lr, options), period: wavePeriod(where, options), start: 1 });
    if (share === undefined) return warmup({ steps: ramped, to: lr, convention: "llmc" }).then(wave);
    return linear({ from: lr * share, to: lr, steps: Math.max(1, ramped - 1) }).then(wave, { at: ramped });
  },
  warmup_stable_decay: warmupStableDecayOf,
};

function rate(where: string, lr: unknown, name = "lr"): number {
  return checkNumber(where, name, lr, { min: 0 });
}

function ramp(where: string, lr: number, options: WarmupStepsOptions): Schedule {
  return warmup({ steps: checkSteps(where, "warmupSteps", options?.warmupSteps), to: rate(where, lr) });
}

/** Negative for a warmup that is longer than the training. */
function stepsAfterWarmup(where: string, { warmupSteps, steps }: TrainingStepsOptions): number {
  return checkSteps(where, "steps", steps) - warmupSteps;
}

function wavePeriod(where: string, options: CosineScheduleOptions): number {
  return Math.max(1, stepsAfterWarmup(where, options)) / checkNumber(where, "numCycles", options.numCycles ?? 0.5, { above: 0 });
}

function lowest(where: string, lr: number, { minLr, minLrRate, defaultLr = lr }: CosineMinLrScheduleOptions): number {
  if ((minLr === undefined) === (minLrRate === undefined)) {
    throw new UsageError(`${where}: needs either minLr or minLrRate, got ${minLr === undefined ? "neither" : "both"}`);
  }
  rate(where, defaultLr, "defaultLr");
  if (minLr === undefined) return lr * checkNumber(where, "minLrRate", minLrRate, { min: 0 });
  return relativeTo(checkNumber(where, "minLr", minLr, { min: 0 }), lr, defaultLr);
}

/** A last rate that was meant for the optimizer's own rate, for a group with another one. */
function relativeTo(last: number, lr: number, defaultLr: number): number {
  return lr === defaultLr ? last : (last / defaultLr) * lr;
}
