import { UsageError } from "../errors.js";
import { checkNumber } from "../options.js";
import { constant, cosine, linear, warmup, type Schedule } from "../schedule/index.js";
import { catapultStart, type CatapultStart } from "./catapult.js";
import { noiseScale, type NoiseScale } from "./noise_scale.js";
import { rangeTest, type RangeTest } from "./range_test.js";
import { sharpness, type Sharpness } from "./sharpness.js";
import { batchNumbers, checkTarget, checkToolOptions, type Progress, type ToolOptions, type TuneTarget } from "./target.js";
import { planWarmup, type WarmupEvidence, type WarmupPlan } from "./warmup_advice.js";

/** What `advise` is doing. */
export type AdviceStage = "first step" | "range test" | "sharpness" | "noise";

export interface AdviseOptions extends ToolOptions {
  /** Steps of the run to advise for. */
  steps: number;
  /** Batches that the first step and the sharpness look at together. 4 by default; fewer make Adam's scaling a guess. */
  batches?: number;
  /** Steps of the range test, from 1e-7 to 10. 160 by default. */
  rangeSteps?: number;
  /** Examples in a batch: with it, the gradient noise scale is measured too. */
  batchSize?: number;
  /** What follows the warmup. "cosine" by default. */
  decay?: "cosine" | "linear" | "constant";
  /** The last rate over the peak, except with "constant". 0.05 by default. */
  finalRatio?: number;
  /** Most of the run that the warmup may take. 0.1 by default. */
  maxShare?: number;
  onProgress?: (progress: Progress & { stage: AdviceStage }) => void;
}

/** What `advise` found: rate, warmup and reasons. */
export interface Advice extends WarmupPlan {
  finalLr: number;
  /** Warmup and decay over `steps` steps, for the leading group, counted from the present one. */
  schedule: Schedule;
  /** For each group, in proportion to the rates that they have now. */
  schedules: Schedule[];
  measured: { firstStep: CatapultStart; range: RangeTest; sharpness: Sharpness; noise: NoiseScale | null };
}

const where = "advise";
const optionKeys = ["steps", "batches", "rangeSteps", "batchSize", "decay", "finalRatio", "maxShare", "onProgress"];
/** A sharpness whose error is a larger share of it says nothing about a rate. */
const mostError = 0.5;

/**
 * How to warm up, how high to go, and why: runs catapult start, range test, sharpness and, with `batchSize`, the noise
 * scale, each on a state that it leaves as it was, and applies the rules of `planWarmup` (warmup_advice.ts).
 *
 * Range:  steps >= 1; batches >= 1; rangeSteps >= 10; batchSize >= 1; finalRatio and maxShare in [0, 1]. The loss must give
 *         batches 0 to rangeSteps.
 * Throws: UsageError for options out of range, or where nothing can be learned from here; the signal's reason.
 * Source: Smith 2015, arXiv 1506.01186; Cohen et al. 2022, arXiv 2207.14484; Kalra and Barkeshli 2024, arXiv 2406.09405;
 *         Ma and Yarats 2019, arXiv 1910.04209; McCandlish et al. 2018, arXiv 1812.06162.
 */
export async function advise(target: TuneTarget, options: AdviseOptions): Promise<Advice> {
  checkTarget(where, target);
  const { steps, batches, rangeSteps, batchSize, decay, finalRatio, maxShare } = checked(options);
  const shared = options.signal ? { signal: options.signal } : {};
  const watch = (stage: AdviceStage) => ({ ...shared, onProgress: ({ done, total }: Progress) => options.onProgress?.({ stage, done, total }) });
  const firstStep = await catapultStart(target, { batches, ...watch("first step") });
  const range = await rangeTest(target, { steps: rangeSteps, ...watch("range test") });
  const sharp = await sharpness(target, { batches, ...watch("sharpness") });
  const noise = batchSize === null ? null : await noiseScale(target, { batchSize, ...watch("noise") });

  const { optimizer } = target;
  const { step: taken } = await optimizer.stats();
  const leading = range.ratios.findIndex((ratio) => ratio > 0);
  const plan = planWarmup({
    algorithm: optimizer.name,
    memory: memoryOf(optimizer.paramGroups[leading]!.at(taken) as object),
    taken,
    steps,
    range: rangeOf(range),
    firstStep: firstStep.outcome === "found" ? firstStep.lr : firstStep.outcome === "unbounded" ? Infinity : null,
    edge: edgeOf(sharp),
    noise: noise?.usable ? { scale: noise.noiseScale.value, batchSize: batchSize! } : null,
    maxShare,
  });
  if (!plan) throw new UsageError(`${where}: nothing says how high the rate may go. ${range.message} ${firstStep.message}`);
  const finalLr = decay === "constant" ? plan.peakLr : rounded(plan.peakLr * finalRatio);
  const schedule = scheduleOf(plan, { steps, decay, finalLr });
  return { ...plan, finalLr, schedule, schedules: range.ratios.map((ratio) => schedule.scale(ratio)), measured: { firstStep, range, sharpness: sharp, noise } };
}

/** 0.0048 * 0.05 is 0.00023999999999999998, which nobody wants to read in a schedule. */
const rounded = (rate: number) => Number(rate.toPrecision(15));

type Checked = Required<Omit<AdviseOptions, "signal" | "onProgress" | "batchSize">> & { batchSize: number | null };

function checked(options: AdviseOptions): Checked {
  if (options === undefined) throw new UsageError(`${where}: needs { steps }, got no options; give the length of the run`);
  checkToolOptions(where, options, optionKeys);
  const count = { min: 1, integer: true };
  const share = { min: 0, max: 1 };
  const { decay = "cosine" } = options;
  if (!["cosine", "linear", "constant"].includes(decay)) throw new UsageError(`${where}: decay must be "cosine", "linear" or "constant", got ${String(decay)}`);
  return {
    steps: checkNumber(where, "steps", options.steps, count),
    batches: batchNumbers(where, options.batches ?? 4).length,
    rangeSteps: checkNumber(where, "rangeSteps", options.rangeSteps ?? 160, { min: 10, integer: true }),
    batchSize: options.batchSize === undefined ? null : checkNumber(where, "batchSize", options.batchSize, count),
    decay,
    finalRatio: checkNumber(where, "finalRatio", options.finalRatio ?? 0.05, share),
    maxShare: checkNumber(where, "maxShare", options.maxShare ?? 0.1, share),
  };
}

/** beta2 of Adam's kind, alpha of RMSprop's. Lion's second beta is of the gradient itself. */
function memoryOf(options: { betas?: readonly [number, number]; alpha?: number; eps?: number }): number | null {
  if (options.eps === undefined) return null;
  return options.betas?.[1] ?? options.alpha ?? null;
}

function rangeOf({ onset, least }: RangeTest): WarmupEvidence["range"] {
  return onset === null || least === null ? null : { onset, least: Math.max(onset, least) };
}

function edgeOf({ stableRate, threshold, lambdaMax, error, preconditioned }: Sharpness): WarmupEvidence["edge"] {
  if (stableRate === null || threshold === null || error > mostError * Math.abs(lambdaMax)) return null;
  return { stableRate, threshold, lambdaMax, scaled: preconditioned };
}

function scheduleOf({ initialLr, peakLr, warmupSteps }: WarmupPlan, { steps, decay, finalLr }: { steps: number; decay: Checked["decay"]; finalLr: number }): Schedule {
  const left = steps - warmupSteps;
  const after = decay === "constant" ? constant(peakLr) : (decay === "cosine" ? cosine : linear)({ from: peakLr, to: finalLr, steps: left });
  return warmupSteps === 0 ? after : warmup({ steps: warmupSteps, from: initialLr, to: peakLr }).then(after);
}
