// Constructors of schedules that hold or fall.
import type { ConstantDescription } from "./constant.js";
import type { CosineDescription } from "./cosine.js";
import type { ExponentialDescription } from "./exponential.js";
import type { InverseSqrtDescription } from "./inverse_sqrt.js";
import type { InverseTimeDescription } from "./inverse_time.js";
import type { LambdaDescription } from "./lambda.js";
import type { LinearDescription } from "./linear.js";
import type { OscillationDescription } from "./oscillation.js";
import type { PiecewiseDescription } from "./piecewise.js";
import type { PolynomialDescription } from "./polynomial.js";
import type { PowerLawDescription } from "./power_law.js";
import { Schedule } from "./schedule.js";

type Options<D> = Omit<D, "shape">;
/** Options of `constant`. */
export type ConstantOptions = Omit<Options<ConstantDescription>, "value">;
/** Options of `cosine`. */
export type CosineOptions = Options<CosineDescription>;
/** Options of `exponential`. */
export type ExponentialOptions = Options<ExponentialDescription>;
/** Options of `inverseSqrt`. */
export type InverseSqrtOptions = Options<InverseSqrtDescription>;
/** Options of `inverseTime`. */
export type InverseTimeOptions = Options<InverseTimeDescription>;
/** Options of `lambda`. */
export type LambdaOptions = Omit<Options<LambdaDescription>, "fn">;
/** Options of `linear`. */
export type LinearOptions = Options<LinearDescription>;
/** Options of `oscillation`. */
export type OscillationOptions = Options<OscillationDescription>;
/** Options of `piecewise`. */
export type PiecewiseOptions = Omit<Options<PiecewiseDescription>, "points">;
/** Options of `polynomial`. */
export type PolynomialOptions = Options<PolynomialDescription>;
/** Options of `powerLaw`. */
export type PowerLawOptions = Options<PowerLawDescription>;

/**
 * The same value at every step.
 *
 * Range:  with `steps` >= 0 another schedule can follow; without, it never ends.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: the plain rate of SGD.
 */
export function constant(value: number, options: ConstantOptions = {}): Schedule {
  return new Schedule({ ...options, shape: "constant", value });
}

/**
 * Straight line: from + (to - from) * t / steps for t < steps, then `to`.
 *
 * Range:  to = 0; steps >= 0; without `from` it starts where the schedule before it ended.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: Devlin et al., "BERT", 2018 (linear decay to 0).
 */
export function linear(options: LinearOptions): Schedule {
  return new Schedule({ ...options, shape: "linear" });
}

/**
 * Half a period of cosine: to + (from - to) * (1 + cos(pi t / steps)) / 2 for t < steps, then `to`.
 *
 * Range:  to = 0; steps >= 0; without `from` it starts where the schedule before it ended.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: Loshchilov and Hutter, "SGDR", 2016, without restarts.
 */
export function cosine(options: CosineOptions): Schedule {
  return new Schedule({ ...options, shape: "cosine" });
}

/**
 * to + (from - to) * (1 - t / steps)^power for t < steps, then `to`.
 *
 * Range:  to = 0; power = 1, > 0; steps >= 0; without `from` it starts where the schedule before it ended.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: Chen et al., "DeepLab", 2016 ("poly", power 0.9).
 */
export function polynomial(options: PolynomialOptions): Schedule {
  return new Schedule({ ...options, shape: "polynomial" });
}

/**
 * from * factor^t, where a halfLife H stands for the factor 2^(-1 / H).
 *
 * Range:  factor > 0, or halfLife > 0 in steps. `to` is a floor (for a factor above 1: a ceiling), 0 <= to <= from. With `steps`
 *         the value stays as it is there. A factor above 1 needs `to` or `steps`. Without `from` it starts where the schedule
 *         before it ended.
 * Throws: UsageError for an unknown option, a number out of range, neither or both of factor and halfLife, or a growth without end.
 * Source: Li, Zhuang and Orabona, "A second look at exponential and cosine step sizes", 2020; growing: Smith, "Cyclical learning
 *         rates", 2015 (range test). Without a floor all rates together add up to from / (1 - factor), and no further.
 */
export function exponential(options: ExponentialOptions): Schedule {
  return new Schedule({ ...options, shape: "exponential" });
}

/**
 * from * (1 + rate * t)^-power.
 *
 * Range:  rate in [0, 1e100] per step; power = 1, > 0 (in (0.5, 1] for the Robbins-Monro conditions); without `from` it starts
 *         where the schedule before it ended.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: Robbins and Monro, "A stochastic approximation method", 1951; Bottou, "Stochastic gradient descent tricks", 2012.
 */
export function inverseTime(options: InverseTimeOptions): Schedule {
  return new Schedule({ ...options, shape: "inverseTime" });
}

/**
 * from * max(1, (t + 1) / timescale)^-power: a pure power of the number of the step, after `timescale` steps at `from`.
 *
 * Range:  power > 0; timescale = 1, >= 1; without `from` it starts where the schedule before it ended.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: Shen et al., "Power scheduler", 2024 (min(from, a n^-power) with a = from * timescale^power).
 */
export function powerLaw(options: PowerLawOptions): Schedule {
  return new Schedule({ ...options, shape: "powerLaw" });
}

/**
 * from / sqrt((t + timescale) / timescale).
 *
 * Range:  timescale > 0 in steps; without `from` it starts where the schedule before it ended.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: Zhai et al., "Scaling vision transformers", 2021; after a warmup it is Hugging Face's inverse_sqrt.
 */
export function inverseSqrt(options: InverseSqrtOptions): Schedule {
  return new Schedule({ ...options, shape: "inverseSqrt" });
}

/**
 * A table of [step, value]: its values at its steps, interpolated between, the first value before and the last one after.
 *
 * Range:  whole steps >= 0 in increasing order; interpolation = "linear", or "step" (a value holds until the next one), "cosine",
 *         "exponential" (values > 0).
 * Throws: UsageError for an unknown option, an empty table, steps out of order or a number out of range.
 * Source: a table of the user's own; with "step", Krizhevsky et al., "ImageNet classification", 2012 (a rate lowered by hand).
 */
export function piecewise(points: PiecewiseDescription["points"], options: PiecewiseOptions = {}): Schedule {
  return new Schedule({ ...options, shape: "piecewise", points });
}

/**
 * fn(t), a pure function of the step; with `steps`, fn(steps) from there on.
 *
 * Range:  fn is asked for any t >= 0, in any order and more than once, and returns a finite number.
 * Throws: UsageError for an unknown option; `at` throws one naming the step for anything but a finite number; `toJSON` throws
 *         one, because a function cannot be saved.
 * Source: the user's own.
 */
export function lambda(fn: LambdaDescription["fn"], options: LambdaOptions = {}): Schedule {
  return new Schedule({ ...options, shape: "lambda", fn });
}

/**
 * 1 + amplitude * sin(2 pi t / period) for t < steps, then 1: a factor for another schedule, by `.times()`.
 *
 * Range:  amplitude in [0, 1], so that a rate never turns negative; period > 0 in steps; without `steps` it never ends.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: Smith, "Cyclical learning rates", 2015, as a swing about another schedule.
 */
export function oscillation(options: OscillationOptions): Schedule {
  return new Schedule({ ...options, shape: "oscillation" });
}
