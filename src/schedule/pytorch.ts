// Ready-made schedules under PyTorch's names: functions of the group's base rate, so that several groups are
// lrs.map((lr) => StepLR(lr, { ... })). With t = how often scheduler.step() was called, they are PyTorch 2's get_last_lr().
import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { checkSteps, printed } from "./checks.js";
import { cosineWave, multiStep, step } from "./cycles.js";
import { exponential, lambda, linear, piecewise, polynomial } from "./decays.js";
import { checkMilestones } from "./multi_step.js";
import { baseRate, ceiling, multiplier } from "./pytorch_base.js";
import type { Schedule } from "./schedule.js";

/** Options of `LambdaLR`, in PyTorch's names. */
export interface LambdaLROptions {
  /** The factor at step t; a pure function. */
  readonly lrLambda: (t: number) => number;
}

/**
 * lr * lrLambda(t).
 *
 * Range:  lr >= 0; lrLambda is asked for any t >= 0, in any order and more than once, and returns a finite number.
 * Throws: UsageError for an unknown option or a number out of range; `at` for a factor that is not finite; `toJSON` always,
 *         because a function cannot be saved.
 * Source: PyTorch's LambdaLR.
 */
export function LambdaLR(lr: number, options: LambdaLROptions): Schedule {
  baseRate("LambdaLR", lr);
  const { lrLambda } = checkLambda("LambdaLR", options);
  return lambda((t) => lr * lrLambda(t));
}

/** The factors of a product that is kept step by step. */
const maxFactors = 1e7;

/**
 * lr * lrLambda(1) * lrLambda(2) * ... * lrLambda(t).
 *
 * In PyTorch, after a milestone of SequentialLR, it goes on from the rate that is there, times lrLambda(0); here it starts from `lr`.
 *
 * Range:  lr >= 0; lrLambda is a pure function of whole steps and returns finite numbers; t up to 10,000,000.
 * Throws: UsageError for an unknown option or a number out of range; `at` for a product that is not finite; `toJSON` always,
 *         because a function cannot be saved.
 * Source: PyTorch's MultiplicativeLR.
 */
export function MultiplicativeLR(lr: number, options: LambdaLROptions): Schedule {
  baseRate("MultiplicativeLR", lr);
  const { lrLambda } = checkLambda("MultiplicativeLR", options);
  const products = [lr];
  const product = (t: number): number => {
    const last = Math.floor(t);
    if (last > maxFactors) throw new UsageError(`MultiplicativeLR: a product is known only factor by factor, got step ${t}, over ${maxFactors}; use LambdaLR, or end it by .then(next, { at })`);
    while (products.length <= last) products.push(products.at(-1)! * lrLambda(products.length));
    return products[last]!;
  };
  return multiplier(lr, lambda(product));
}

function checkLambda(where: string, options: LambdaLROptions): LambdaLROptions {
  checkOptions(where, options, ["lrLambda"]);
  if (typeof options?.lrLambda === "function") return options;
  throw new UsageError(`${where}: lrLambda must be a function of the step, got ${printed(options?.lrLambda)}`);
}

/** Options of `StepLR`, in PyTorch's names. */
export interface StepLROptions {
  readonly stepSize: number;
  readonly gamma?: number;
}

/**
 * lr * gamma^floor(t / stepSize).
 *
 * Range:  lr >= 0; stepSize >= 1; gamma = 0.1, >= 0. With gamma above 1 the rate stops at 1e38, where f32 ends.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: PyTorch's StepLR.
 */
export function StepLR(lr: number, options: StepLROptions): Schedule {
  checkOptions("StepLR", options, ["stepSize", "gamma"]);
  const { stepSize, gamma = 0.1 } = options ?? {};
  baseRate("StepLR", lr);
  const every = checkSteps("StepLR", "stepSize", stepSize, 1);
  const factor = checkNumber("StepLR", "gamma", gamma, { min: 0 });
  return multiplier(lr, grows(lr, factor) ? step({ from: lr, every, factor, to: ceiling }) : step({ from: lr, every, factor: Math.min(factor, 1) }));
}

/** Options of `MultiStepLR`, in PyTorch's names. */
export interface MultiStepLROptions {
  readonly milestones: readonly number[];
  readonly gamma?: number;
}

/**
 * lr * gamma^n, where n milestones are at or before step t.
 *
 * Range:  lr >= 0; milestones >= 0 in increasing order, one that is there twice counts twice; gamma = 0.1, >= 0.
 * Throws: UsageError for an unknown option, milestones out of order or a number out of range.
 * Source: PyTorch's MultiStepLR.
 */
export function MultiStepLR(lr: number, options: MultiStepLROptions): Schedule {
  checkOptions("MultiStepLR", options, ["milestones", "gamma"]);
  const { milestones, gamma = 0.1 } = options ?? {};
  baseRate("MultiStepLR", lr);
  const factor = checkNumber("MultiStepLR", "gamma", gamma, { min: 0 });
  return multiplier(lr, multiStep({ from: lr, milestones: checkMilestones("MultiStepLR", milestones), factor }));
}

/** Options of `ConstantLR`, in PyTorch's names. */
export interface ConstantLROptions {
  readonly factor?: number;
  readonly totalIters?: number;
}

/**
 * lr * factor for t < totalIters, then lr.
 *
 * Range:  lr >= 0; factor = 1/3 in [0, 1]; totalIters = 5, >= 1. At totalIters PyTorch divides by the factor, so that with 0 it
 *         raises ZeroDivisionError: this goes on with lr, its closed form. Its totalIters = 0 would keep the factor for ever.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: PyTorch's ConstantLR.
 */
export function ConstantLR(lr: number, options: ConstantLROptions = {}): Schedule {
  checkOptions("ConstantLR", options, ["factor", "totalIters"]);
  const { factor = 1 / 3, totalIters = 5 } = options;
  baseRate("ConstantLR", lr);
  const share = checkNumber("ConstantLR", "factor", factor, { min: 0, max: 1 });
  const end = checkSteps("ConstantLR", "totalIters", totalIters, 1);
  return multiplier(lr, piecewise([[0, lr * share], [end, lr]], { interpolation: "step" }));
}

/** Options of `LinearLR`, in PyTorch's names. */
export interface LinearLROptions {
  readonly startFactor?: number;
  readonly endFactor?: number;
  readonly totalIters?: number;
}

/**
 * lr * (startFactor + (endFactor - startFactor) * t / totalIters) for t < totalIters, then lr * endFactor.
 *
 * Range:  lr >= 0; startFactor = 1/3 in (0, 1]; endFactor = 1 in [0, 1]; totalIters = 5, >= 1: PyTorch's totalIters = 0 would keep
 *         the start factor for ever.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: PyTorch's LinearLR.
 */
export function LinearLR(lr: number, options: LinearLROptions = {}): Schedule {
  checkOptions("LinearLR", options, ["startFactor", "endFactor", "totalIters"]);
  const { startFactor = 1 / 3, endFactor = 1, totalIters = 5 } = options;
  baseRate("LinearLR", lr);
  checkNumber("LinearLR", "startFactor", startFactor, { above: 0, max: 1 });
  checkNumber("LinearLR", "endFactor", endFactor, { min: 0, max: 1 });
  return multiplier(lr, linear({ from: lr * startFactor, to: lr * endFactor, steps: checkSteps("LinearLR", "totalIters", totalIters, 1) }));
}

/** Options of `ExponentialLR`, in PyTorch's names. */
export interface ExponentialLROptions {
  readonly gamma: number;
}

/**
 * lr * gamma^t.
 *
 * Range:  lr >= 0; gamma > 0. With gamma above 1 the rate stops at 1e38, where f32 ends.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: PyTorch's ExponentialLR.
 */
export function ExponentialLR(lr: number, options: ExponentialLROptions): Schedule {
  checkOptions("ExponentialLR", options, ["gamma"]);
  baseRate("ExponentialLR", lr);
  const factor = checkNumber("ExponentialLR", "gamma", options?.gamma, { above: 0 });
  return multiplier(lr, grows(lr, factor) ? exponential({ from: lr, factor, to: ceiling }) : exponential({ from: lr, factor: Math.min(factor, 1) }));
}

/** A rate of 0 stays there, whatever it is multiplied by. */
function grows(lr: number, factor: number): boolean {
  return factor > 1 && lr > 0;
}

/** Options of `PolynomialLR`, in PyTorch's names. */
export interface PolynomialLROptions {
  readonly totalIters?: number;
  readonly power?: number;
}

/**
 * lr * (1 - t / totalIters)^power for t < totalIters, then 0.
 *
 * Range:  lr >= 0; totalIters = 5, >= 1; power = 1, > 0.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: PyTorch's PolynomialLR.
 */
export function PolynomialLR(lr: number, options: PolynomialLROptions = {}): Schedule {
  checkOptions("PolynomialLR", options, ["totalIters", "power"]);
  const { totalIters = 5, power = 1 } = options;
  baseRate("PolynomialLR", lr);
  checkNumber("PolynomialLR", "power", power, { above: 0 });
  return multiplier(lr, polynomial({ from: lr, power, steps: checkSteps("PolynomialLR", "totalIters", totalIters, 1) }));
}

/** Options of `CosineAnnealingLR`, in PyTorch's names. */
export interface CosineAnnealingLROptions {
  readonly tMax: number;
  readonly etaMin?: number;
}

/**
 * etaMin + (lr - etaMin) * (1 + cos(pi t / tMax)) / 2, also past tMax: there the rate rises again, and is back at lr at 2 tMax.
 *
 * For a rate that stays at its minimum use `cosine`. PyTorch computes each rate from the one before; a long tMax (1,000 steps)
 * costs that form 1e-11 of the rate past tMax, this closed form not.
 *
 * Range:  lr >= 0; tMax >= 1; etaMin = 0, >= 0.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: PyTorch's CosineAnnealingLR; Loshchilov and Hutter, "SGDR", 2016, without restarts.
 */
export function CosineAnnealingLR(lr: number, options: CosineAnnealingLROptions): Schedule {
  checkOptions("CosineAnnealingLR", options, ["tMax", "etaMin"]);
  const { tMax, etaMin = 0 } = options ?? {};
  baseRate("CosineAnnealingLR", lr);
  baseRate("CosineAnnealingLR", etaMin, "etaMin");
  const schedule = cosineWave({ from: lr, to: etaMin, period: 2 * checkSteps("CosineAnnealingLR", "tMax", tMax, 1) });
  return etaMin === 0 ? multiplier(lr, schedule) : schedule;
}
