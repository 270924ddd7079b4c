// The tools behind the buttons: each looks at a model in training and leaves it, its data and its random numbers as they were, bit for bit.
import type { TokenBatch, TokenData } from "../../data/index.js";
import { UsageError } from "../../errors.js";
import type { Device } from "../../gpu/device.js";
import type { GPT } from "../../nn/index.js";
import type { Optimizer } from "../../optim/index.js";
import { checkSettings, type TrainSettings } from "../../recipe/settings.js";
import { lossByNumber, tuneTargetOf, type RunTarget } from "../../recipe/tune_target.js";
import { advise, rangeTest, sharpness, type AdviceStage, type RangeTest } from "../../tune/index.js";
import type { AdviceResult, Progress, RangeTestResult, SharpnessMeasurement, SharpnessRow } from "../protocol.js";
import { expressionText } from "../schedule_editor/expression_text.js";

/** A tool on a model of its own. `data` may be those of a run: they are left at their place. */
export interface ToolWork {
  device: Device;
  settings: TrainSettings;
  data: TokenData;
  /** The tool then rejects with its reason. */
  signal: AbortSignal;
  onProgress: Progress;
}

/** A measurement of a run between two of its steps, with nothing of it in flight. */
export interface SharpnessWork extends ToolWork {
  model: GPT;
  optimizer: Optimizer;
  step: number;
  /** More batches and products with the Hessian: for a measurement that somebody waits for. */
  thorough: boolean;
}

/** Losses over rates from 1e-7 to 10, and the rates that are of use. */
export async function testRange({ device, settings, data, signal, onProgress }: ToolWork): Promise<RangeTestResult> {
  checkSettings(settings);
  const result = await onNewModel({ device, settings, data }, (target) =>
    rangeTest(target, { signal, onProgress: ({ done, total, point }) => onProgress(done / total, `rate ${short(point.lr)}, loss ${short(point.loss)}`) }),
  );
  const { points, suggestion, onset, message } = result;
  return {
    lrs: points.map(({ lr }) => lr),
    losses: points.map(({ loss }) => loss),
    smoothed: points.map(({ smoothed }) => smoothed),
    marks: marksOf(result),
    suggestion: twoDigits(onset ?? suggestion),
    explanation: message,
  };
}

function marksOf({ suggestion, onset, least, diverges }: RangeTest): RangeTestResult["marks"] {
  const named = { steepest: suggestion, onset, least, bursts: diverges };
  return Object.entries(named).flatMap(([label, lr]) => (lr === null ? [] : [{ label, lr }]));
}

/** Less is a sweep of noise, and a warmup of no step. */
const leastAdvised = 10;
const stages: Readonly<Record<AdviceStage, { words: string; from: number; share: number }>> = {
  "first step": { words: "How far the first step may go", from: 0, share: 0.1 },
  "range test": { words: "Range test", from: 0.1, share: 0.5 },
  sharpness: { words: "Sharpness", from: 0.6, share: 0.25 },
  noise: { words: "Noise of the gradient", from: 0.85, share: 0.15 },
};

/** A peak, a warmup and the schedule with both, and why. */
export async function adviseSchedule({ device, settings, data, signal, onProgress }: ToolWork): Promise<AdviceResult> {
  const { steps, batch, accumulate, decay } = checkSettings(settings);
  if (steps < leastAdvised) throw new UsageError(`steps: advice is for runs of ${leastAdvised} steps and more, got ${steps}; raise it`);
  const advice = await onNewModel({ device, settings, data }, (target) =>
    advise(target, {
      steps,
      decay,
      batchSize: batch * accumulate,
      signal,
      onProgress: ({ stage, done, total }) => onProgress(stages[stage].from + (stages[stage].share * done) / total, `${stages[stage].words}, ${done} of at most ${total}`),
    }),
  );
  const { peakLr, warmupSteps, initialLr, schedule, schedules, reasons } = advice;
  const vectors = settings.vectorSchedule === "" ? undefined : schedules[1];
  return {
    peak: peakLr,
    warmup: warmupSteps,
    start: initialLr,
    schedule: expressionText(schedule.toDescription()),
    vectorSchedule: vectors ? expressionText(vectors.toDescription()) : "",
    reasons,
  };
}

/** While a run trains, every measurement costs it: an error of a tenth is small on a curve over decades. */
const quick = { batches: 2, iterations: 20, tolerance: 0.05 };
const exact = { batches: 4, iterations: 60, tolerance: 0.01 };
/** The search keeps a vector on the host for each product. */
const mostParameters = 20e6;

/**
 * The highest curvature, scaled as the optimizer scales its steps, on batches of the training part that are the same at every
 * step of the run.
 */
export async function measureSharpness({ device, settings, data, model, optimizer, step, thorough, signal, onProgress }: SharpnessWork): Promise<SharpnessMeasurement> {
  const parameters = model.parameterCount();
  if (parameters > mostParameters) throw new UsageError(`sharpness: is measured on models of up to ${mostParameters / 1e6} million parameters, got ${(parameters / 1e6).toFixed(1)}; use fewer layers or a smaller width`);
  const { batches, iterations, tolerance } = thorough ? exact : quick;
  const loss = lossByNumber(device, model, settings, drawFrom(data, (settings.seed + 1) % 2 ** 32));
  const found = await sharpness({ model, optimizer, loss }, { batches, iterations, tolerance, signal, onProgress: ({ done, total, highest }) => onProgress(done / total, `curvature ${short(highest)}`) });
  const { lambdaMax, error, stableRate, rates, share, verdict, preconditioned, converged, iterations: products } = found;
  return { step, sharpness: lambdaMax, threshold: stableRate ?? NaN, error, rate: rates.find((rate) => rate > 0) ?? 0, share: share ?? NaN, verdict, preconditioned, converged, products };
}

/** A model as new, on the batches that a run begins with, gone in the end. */
async function onNewModel<T>({ device, settings, data }: Pick<ToolWork, "device" | "settings" | "data">, use: (target: RunTarget) => Promise<T>): Promise<T> {
  const target = tuneTargetOf(device, { settings, data, checkpoint: null }, drawFrom(data, settings.seed));
  try {
    return await use(target);
  } finally {
    target.optimizer.dispose();
    target.model.dispose();
  }
}

/** What the chart keeps of a measurement: nothing but the step where the error is as large as the value. */
export function sharpnessRow({ step, sharpness, threshold, error }: SharpnessMeasurement): SharpnessRow {
  return error < Math.abs(sharpness) ? { step, sharpness, threshold } : { step, sharpness: NaN, threshold: NaN };
}

/** Batches from the beginning of a seed's, whoever else draws from the data meanwhile: theirs stay in their order. */
function drawFrom(data: TokenData, seed: number): () => TokenBatch {
  let place = { seed, offset: 0 };
  return () => {
    const others = data.stateDict();
    try {
      data.loadStateDict(place);
      const batch = data.next();
      place = data.stateDict();
      return batch;
    } finally {
      data.loadStateDict(others);
    }
  };
}

/** More would promise what no sweep can tell. */
function twoDigits(rate: number | null): number | null {
  return rate === null ? null : Number(rate.toPrecision(2));
}

const short = (value: number) => Number(value.toPrecision(3)).toString();
