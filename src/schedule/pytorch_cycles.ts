// PyTorch's schedules that rise again, some with a momentum that moves against the rate.
import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { checkChoice, checkSteps, printed } from "./checks.js";
import { cyclic, oneCycle, warmRestarts } from "./cycles.js";
import type { CyclicMode } from "./cyclic.js";
import { mix } from "./curves.js";
import { lambda } from "./decays.js";
import type { OneCycleCurve } from "./one_cycle.js";
import { baseRate } from "./pytorch_base.js";
import type { Schedule } from "./schedule.js";

/** A rate, and what moves against it: momentum, or Adam's first beta. PyTorch's cycle_momentum=False is to leave `momentum` out. */
export interface RateAndMomentum {
  readonly lr: Schedule;
  readonly momentum: Schedule;
}

/** Options of `CosineAnnealingWarmRestarts`, in PyTorch's names. */
export interface CosineAnnealingWarmRestartsOptions {
  readonly t0: number;
  readonly tMult?: number;
  readonly etaMin?: number;
}

/**
 * etaMin + (lr - etaMin) * (1 + cos(pi s / T)) / 2, s steps after the start of a cycle of T = t0 * tMult^i steps.
 *
 * Range:  lr >= 0; t0 >= 1; tMult = 1, a whole number >= 1; etaMin = 0, >= 0.
 * Throws: UsageError for an unknown option or a number out of range.
 * Source: PyTorch's CosineAnnealingWarmRestarts; Loshchilov and Hutter, "SGDR", 2016.
 */
export function CosineAnnealingWarmRestarts(lr: number, options: CosineAnnealingWarmRestartsOptions): Schedule {
  const where = "CosineAnnealingWarmRestarts";
  checkOptions(where, options, ["t0", "tMult", "etaMin"]);
  const { t0, tMult = 1, etaMin = 0 } = options ?? {};
  baseRate(where, lr);
  baseRate(where, etaMin, "etaMin");
  return warmRestarts({ from: lr, to: etaMin, steps: checkSteps(where, "t0", t0, 1), multiply: checkSteps(where, "tMult", tMult, 1) });
}

/** Options of `OneCycleLR`, in PyTorch's names. */
export interface OneCycleLROptions {
  readonly maxLr: number;
  /** Either this, or epochs and stepsPerEpoch. */
  readonly totalSteps?: number;
  readonly epochs?: number;
  readonly stepsPerEpoch?: number;
  readonly pctStart?: number;
  readonly annealStrategy?: "cos" | "linear";
  readonly baseMomentum?: number;
  readonly maxMomentum?: number;
  readonly divFactor?: number;
  readonly finalDivFactor?: number;
  readonly threePhase?: boolean;
}

const annealings: Readonly<Record<"cos" | "linear", OneCycleCurve>> = { cos: "cosine", linear: "linear" };

/**
 * The rate from maxLr / divFactor up to maxLr at step pctStart * totalSteps - 1, then down to its start / finalDivFactor at step
 * totalSteps - 1; with threePhase back to its start at step 2 * pctStart * totalSteps - 2 first. Momentum goes from maxMomentum
 * to baseMomentum and back meanwhile.
 *
 * PyTorch ignores the optimizer's own rate here, so there is no base rate. From step totalSteps on, this holds the last value;
 * PyTorch extrapolates one step past the end (to a negative rate, if linear) and raises after that.
 *
 * Range:  maxLr >= 0; totalSteps >= 1, or epochs and stepsPerEpoch; pctStart = 0.3 in [0, 1]; annealStrategy = "cos" or "linear";
 *         baseMomentum = 0.85, maxMomentum = 0.95 in [0, 1); divFactor = 25, finalDivFactor = 1e4, > 0.
 * Throws: UsageError for an unknown option or strategy, a number out of range, or no number of steps.
 * Source: PyTorch's OneCycleLR; Smith and Topin, "Super-convergence", 2017.
 */
export function OneCycleLR(options: OneCycleLROptions): RateAndMomentum {
  const where = "OneCycleLR";
  checkOptions(where, options, [
    ...["maxLr", "totalSteps", "epochs", "stepsPerEpoch", "pctStart", "annealStrategy", "baseMomentum", "maxMomentum"],
    ...["divFactor", "finalDivFactor", "threePhase"],
  ]);
  const { maxLr, pctStart = 0.3, annealStrategy = "cos", divFactor = 25, finalDivFactor = 1e4, threePhase = false } = options ?? {};
  const { baseMomentum, maxMomentum } = checkMomenta(where, options?.baseMomentum ?? 0.85, options?.maxMomentum ?? 0.95);
  baseRate(where, maxLr, "maxLr");
  checkNumber(where, "divFactor", divFactor, { above: 0 });
  checkNumber(where, "finalDivFactor", finalDivFactor, { above: 0 });
  if (typeof threePhase !== "boolean") throw new UsageError(`${where}: threePhase must be true or false, got ${printed(threePhase)}`);
  const shape = {
    steps: totalSteps(where, options ?? {}),
    rise: checkNumber(where, "pctStart", pctStart, { min: 0, max: 1 }),
    curve: annealings[checkChoice(where, "annealStrategy", annealStrategy, annealings)],
    threePhase,
  };
  const from = maxLr / divFactor;
  return {
    lr: oneCycle({ ...shape, from, to: maxLr, end: from / finalDivFactor }),
    momentum: oneCycle({ ...shape, from: maxMomentum, to: baseMomentum, end: maxMomentum }),
  };
}

function totalSteps(where: string, { totalSteps, epochs, stepsPerEpoch }: Partial<OneCycleLROptions>): number {
  const isTotal = totalSteps !== undefined;
  if (isTotal ? epochs !== undefined || stepsPerEpoch !== undefined : epochs === undefined || stepsPerEpoch === undefined) {
    throw new UsageError(
      `${where}: needs totalSteps, or epochs and stepsPerEpoch, got totalSteps ${printed(totalSteps)}, epochs ${printed(epochs)} and stepsPerEpoch ${printed(stepsPerEpoch)}`,
    );
  }
  if (isTotal) return checkSteps(where, "totalSteps", totalSteps, 1);
  return checkSteps(where, "epochs * stepsPerEpoch", checkSteps(where, "epochs", epochs, 1) * checkSteps(where, "stepsPerEpoch", stepsPerEpoch, 1));
}

function checkMomenta(where: string, baseMomentum: number, maxMomentum: number): { baseMomentum: number; maxMomentum: number } {
  checkNumber(where, "baseMomentum", baseMomentum, { min: 0, below: 1 });
  checkNumber(where, "maxMomentum", maxMomentum, { min: 0, below: 1 });
  return { baseMomentum, maxMomentum };
}

/** Options of `CyclicLR`, in PyTorch's names. */
export interface CyclicLROptions {
  readonly baseLr: number;
  readonly maxLr: number;
  readonly stepSizeUp?: number;
  readonly stepSizeDown?: number;
  readonly mode?: CyclicMode;
  /** What a step multiplies the height by, in exp_range only. */
  readonly gamma?: number;
  /** The height of a cycle, instead of a mode: of its number, from 1, or of the step. */
  readonly scaleFn?: (x: number) => number;
  readonly scaleMode?: "cycle" | "iterations";
  readonly baseMomentum?: number;
  readonly maxMomentum?: number;
}

/**
 * The rate baseLr + (maxLr - baseLr) * triangle(t) * height, the momentum maxMomentum - (maxMomentum - baseMomentum) *
 * triangle(t) * height: triangles of stepSizeUp steps up and stepSizeDown down, for ever.
 *
 * PyTorch ignores the optimizer's own rate here, so there is no base rate apart from baseLr.
 *
 * Range:  baseLr, maxLr >= 0; stepSizeUp = 2000, >= 1; stepSizeDown = stepSizeUp, >= 0; mode = "triangular" (height 1),
 *         "triangular2" (half of it each cycle) or "exp_range" (gamma^t, gamma = 1 in (0, 1]); or a pure scaleFn, of the cycle's
 *         number from 1 or, with scaleMode "iterations", of t; baseMomentum = 0.8, maxMomentum = 0.9 in [0, 1).
 * Throws: UsageError for an unknown option or mode, a number out of range, gamma outside exp_range, or scaleFn next to a mode;
 *         with scaleFn `toJSON` always, because a function cannot be saved.
 * Source: PyTorch's CyclicLR; Smith, "Cyclical learning rates for training neural networks", 2015.
 */
export function CyclicLR(options: CyclicLROptions): RateAndMomentum {
  const where = "CyclicLR";
  checkOptions(where, options, ["baseLr", "maxLr", "stepSizeUp", "stepSizeDown", "mode", "gamma", "scaleFn", "scaleMode", "baseMomentum", "maxMomentum"]);
  const { baseLr, maxLr, stepSizeUp = 2000, stepSizeDown = stepSizeUp } = options ?? {};
  const { baseMomentum, maxMomentum } = checkMomenta(where, options?.baseMomentum ?? 0.8, options?.maxMomentum ?? 0.9);
  baseRate(where, baseLr, "baseLr");
  baseRate(where, maxLr, "maxLr");
  const up = checkSteps(where, "stepSizeUp", stepSizeUp, 1);
  const down = checkSteps(where, "stepSizeDown", stepSizeDown);
  const between = options.scaleFn === undefined ? byMode(where, options, up, down) : byFunction(where, options, up, down);
  return { lr: between(baseLr, maxLr), momentum: between(maxMomentum, baseMomentum) };
}

type Between = (from: number, to: number) => Schedule;

function byMode(where: string, { mode = "triangular", gamma, scaleMode }: CyclicLROptions, up: number, down: number): Between {
  checkChoice(where, "mode", mode, { triangular: true, triangular2: true, exp_range: true });
  if (gamma !== undefined) checkNumber(where, "gamma", gamma, { above: 0, max: 1 });
  if (gamma !== undefined && mode !== "exp_range") throw new UsageError(`${where}: gamma acts in mode "exp_range" only, got ${gamma} with "${mode}"; leave it out, or change the mode`);
  if (scaleMode !== undefined) throw new UsageError(`${where}: scaleMode belongs to scaleFn, got ${printed(scaleMode)} without one`);
  return (from, to) => cyclic({ from, to, up, down, mode, factor: mode === "exp_range" ? (gamma ?? 1) : undefined });
}

function byFunction(where: string, { mode, gamma, scaleFn, scaleMode = "cycle" }: CyclicLROptions, up: number, down: number): Between {
  if (typeof scaleFn !== "function") throw new UsageError(`${where}: scaleFn must be a function of the cycle or the step, got ${printed(scaleFn)}`);
  if (mode !== undefined || gamma !== undefined) throw new UsageError(`${where}: needs either scaleFn or a mode, got both; leave mode and gamma out`);
  checkChoice(where, "scaleMode", scaleMode, { cycle: true, iterations: true });
  const triangle = cyclic({ from: 0, to: 1, up, down });
  return (from, to) => lambda((t) => mix(from, to, triangle.at(t) * scaleFn(scaleMode === "cycle" ? 1 + Math.floor(t / (up + down)) : t)));
}
