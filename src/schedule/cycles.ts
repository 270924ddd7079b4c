// Constructors of schedules that fall in steps, or rise again.
import type { CosineRestartsDescription } from "./cosine_restarts.js";
import type { CosineWaveDescription } from "./cosine_wave.js";
import type { CyclicDescription } from "./cyclic.js";
import type { MultiStepDescription } from "./multi_step.js";
import type { OneCycleDescription } from "./one_cycle.js";
import { Schedule } from "./schedule.js";
import type { StepDescription } from "./step.js";
import type { WarmRestartsDescription } from "./warm_restarts.js";

type Options<D> = Omit<D, "shape">;
/** Options of `cosineRestarts`. */
export type CosineRestartsOptions = Options<CosineRestartsDescription>;
/** Options of `cosineWave`. */
export type CosineWaveOptions = Options<CosineWaveDescription>;
/** Options of `cyclic`. */
export type CyclicOptions = Options<CyclicDescription>;
/** Options of `multiStep`. */
export type MultiStepOptions = Options<MultiStepDescription>;
/** Options of `oneCycle`. */
export type OneCycleOptions = Options<OneCycleDescription>;
/** Options of `step`. */
export type StepOptions = Options<StepDescription>;
/** Options of `warmRestarts`. */
export type WarmRestartsOptions = Options<WarmRestartsDescription>;

/**
 * A staircase: from * factor^floor(t / every).
 *
 * Range:  every >= 1 steps; factor >= 0; `to` is a floor (for a factor above 1, which needs one: a ceiling), 0 <= to <= from.
 *         Without `from` it starts where the schedule before it ended.
 * Throws: UsageError for an unknown option, a number out of range, or a growth without end.
 * Source: Krizhevsky et al., "ImageNet classification", 2012 (a tenth, whenever the error stopped falling).
 */
export function step(options: StepOptions): Schedule {
  return new Schedule({ ...options, shape: "step" });
}

/**
 * Stairs at steps of the user's choice: from * factor^n, where n milestones are at or before step t.
 *
 * Range:  milestones are whole steps >= 0 in increasing order, one that is there twice counts twice; factor >= 0. Without `from`
 *         it starts where the schedule before it ended.
 * Throws: UsageError for an unknown option, milestones out of order or a number out of range.
 * Source: He et al., "Deep residual learning", 2015 (a tenth at 32,000 and 48,000 steps).
 */
export function multiStep(options: MultiStepOptions): Schedule {
  return new Schedule({ ...options, shape: "multiStep" });
}

/**
 * `cycles` half periods of cosine with hard restarts in between: with p = (cycles * t / steps) mod 1,
 * to + (from - to) * (1 + cos(pi p)) / 2 for t < steps, then `to`.
 *
 * Range:  to = 0; steps >= 0; cycles = 1, > 0, whole or not. Without `from` it starts where the schedule before it ended.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: Huang et al., "Snapshot ensembles", 2017.
 */
export function cosineRestarts(options: CosineRestartsOptions): Schedule {
  return new Schedule({ ...options, shape: "cosineRestarts" });
}

/**
 * Half periods of cosine with warm restarts, for ever: cycle i has T = steps * multiply^i steps, and s steps after its start
 * the value is to + (from - to) * (1 + cos(pi s / T)) / 2.
 *
 * Range:  to = 0; steps >= 1 of the first cycle; multiply = 1, a whole number >= 1. Without `from` it starts where the schedule
 *         before it ended.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: Loshchilov and Hutter, "SGDR", 2016.
 */
export function warmRestarts(options: WarmRestartsOptions): Schedule {
  return new Schedule({ ...options, shape: "warmRestarts" });
}

/**
 * Cosine down to `to` and up again, for ever: to + (from - to) * (1 + cos(2 pi (t + start) / period)) / 2.
 *
 * Range:  to = 0; period > 0 in steps, whole or not; start = 0, >= 0: steps of the wave that lie behind at t = 0. Without `from`
 *         its crest is where the schedule before it ended.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: what PyTorch's CosineAnnealingLR and Hugging Face's cosine do when training goes on past their end.
 */
export function cosineWave(options: CosineWaveOptions): Schedule {
  return new Schedule({ ...options, shape: "cosineWave" });
}

/**
 * One cycle: up from `from` to `to` until step rise * steps - 1, then down to `end` at step steps - 1, where it stays. With
 * threePhase down to `from` until step 2 * rise * steps - 2, then to `end`.
 *
 * Momentum, or Adam's first beta, moves against it: the same options with { from: 0.95, to: 0.85, end: 0.95 }.
 *
 * Range:  from = to / 25; end = from / 10,000; steps >= 1; rise = 0.3 in [0, 1], a share of the steps; curve = "cosine" or "linear".
 * Throws: UsageError for an unknown option or curve, or a number out of range.
 * Source: Smith and Topin, "Super-convergence", 2017 (three phases, linear); two phases of cosine are fastai's.
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  return new Schedule({ ...options, shape: "oneCycle" });
}

/**
 * Triangles, for ever: from + (to - from) * triangle(t) * height, up in `up` steps and down in `down`.
 *
 * Range:  up >= 1; down = up, >= 0; mode "triangular" (height 1), "triangular2" (half the height of the cycle before) or
 *         "exp_range" (height factor^t, factor in (0, 1]). Without `from` it starts where the schedule before it ended.
 * Throws: UsageError for an unknown option or mode, a number out of range, or a factor outside exp_range.
 * Source: Smith, "Cyclical learning rates for training neural networks", 2015.
 */
export function cyclic(options: CyclicOptions): Schedule {
  return new Schedule({ ...options, shape: "cyclic" });
}
