// The training loop, for a page and for Node. It keeps a few steps in flight and reads their results late.
import type { TokenBatch } from "../data/index.js";
import { DivergedError, UsageError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { Pacer } from "../gpu/pacer.js";
import type { OptimizerStats } from "../optim/index.js";
import { checkNumber, checkOptions } from "../options.js";
import { detectAnomaly } from "../tensor/anomaly.js";
import type { Tensor } from "../tensor/tensor.js";
import { rowsRight } from "./exact_match.js";
import type { StepMetrics, ValidationMetrics } from "./metrics.js";
import { Steps } from "./steps.js";

/** What `train` needs of a model; nn.GPT fits. */
export interface TrainableModel {
  /** The mean loss of a batch, tokens and targets [batch, block]. */
  loss(tokens: Tensor, targets: Tensor): Tensor;
  train(): unknown;
  inEvalMode<T>(fn: () => T): T;
  /** True where `loss` decides nothing on the host from step to step, so that `train` may record it once. nn.GPT says so. */
  readonly capturable?: boolean;
  /** Logits [batch, block, vocab], for data with answers. */
  forward?(tokens: Tensor): Tensor;
}

/** What `train` needs of an optimizer; those of `optim` fit. */
export interface TrainableOptimizer {
  step(options?: { accumulated?: number }): void;
  zeroGrad(): void;
  stats(): Promise<OptimizerStats>;
  /** For backward, where gradients in f16 would vanish: `step` divides by the scale again. */
  scaleLoss?(loss: Tensor): Tensor;
  /** Not null where it keeps averaged weights: validation uses them then. */
  readonly emaDecay?: unknown;
  withAveragedWeights?<T>(fn: () => T): T;
}

/** What `train` needs of data; TextData and TaskData fit. */
export interface TrainingData {
  /** Whether targets are answers: validation then counts the right ones, by `exactMatch`, and the model must have `forward`. */
  readonly hasAnswers?: boolean;
  next(): TokenBatch;
  /** The same batches on every call; none for no validation. */
  validationBatches(count: number): TokenBatch[];
}

/** f16: mixed precision, see `autocast`. */
export type Precision = "f32" | "f16";

/** Options of `train`. */
export interface TrainOptions {
  device: Device;
  model: TrainableModel;
  optimizer: TrainableOptimizer;
  data: TrainingData;
  /** Train until this many steps have been taken, those before `startStep` included. May change while it trains (a getter). */
  steps: number;
  /** Batches whose gradients are averaged for one step. 1 by default. Schedules count steps, not batches. */
  accumulate?: number;
  /** Steps that the model has already taken: of a resumed run. 0 by default. */
  startStep?: number;
  /** Validate before the first step, every so many steps, and after the last. 0, the default, for never. May change while it trains. */
  evalEvery?: number;
  /** Batches that a validation averages over. 20 by default. */
  evalBatches?: number;
  /** Call `onCheckpoint` every so many steps. 0, the default, for only at the end. */
  checkpointEvery?: number;
  /**
   * Record the step once and replay it: faster, but what the model decides on the host is then decided once, see
   * `capture`. By default what the model says of itself (`capturable`), else false.
   */
  capture?: boolean;
  /**
   * What products compute in: "f32" by default, or "f16" as inside `autocast`, where the optimizer should have a `lossScale`,
   * or small gradients vanish. Weights, their gradients and the optimizer's state are f32 in any case.
   */
  precision?: Precision;
  /**
   * Look at what every op of a step computes, and stop with AnomalyError at the first value that is not finite: see
   * `detectAnomaly`. Several times slower; false by default.
   */
  detectAnomaly?: boolean;
  /** Stop with DivergedError after so many skipped steps in a row. 20 by default. */
  maxSkipped?: number;
  /** The lowest validation loss so far, of a resumed run. */
  bestValidationLoss?: number | null;
  /** Losses of the steps since the last validation, of a resumed run: the next one's `trainLoss` counts them. */
  lossesSinceValidation?: readonly number[];
  /** Stops after the step being launched; the run ends as if that were the last, without a validation. */
  signal?: AbortSignal;
  /** Results arrive in order, a few steps after the launch. */
  onStep?: (metrics: StepMetrics) => void;
  onValidation?: (metrics: ValidationMetrics) => void;
  /** Nothing is in flight while it is awaited. Called at the end too, however the run ends, but for an error. */
  onCheckpoint?: (progress: TrainProgress) => void | Promise<void>;
  /**
   * Called after each step is launched; a promise is awaited before the next one. For whatever must happen between two
   * steps: pausing, a change of the schedule, a copy of the state. Awaiting `settle` waits for the steps in flight, whose results
   * arrive first.
   */
  between?: (progress: TrainProgress, settle: () => Promise<void>) => void | Promise<void>;
}

/** Where a training is, between two steps. */
export interface TrainProgress {
  /** Steps launched. */
  step: number;
  bestValidationLoss: number | null;
  /** Of steps whose results have arrived. */
  lossesSinceValidation: readonly number[];
}

/** What `train` returns. */
export interface TrainResult {
  step: number;
  /** True when the signal ended the run. */
  aborted: boolean;
  /** Of the last step; NaN when there was none. */
  loss: number;
  bestValidationLoss: number | null;
  skipped: number;
  clipped: number;
}

const optionKeys = [
  "device", "model", "optimizer", "data", "steps", "accumulate", "startStep", "evalEvery", "evalBatches", "checkpointEvery", "capture", "precision",
  "detectAnomaly", "maxSkipped", "bestValidationLoss", "lossesSinceValidation", "signal", "onStep", "onValidation", "onCheckpoint", "between",
];
/** Steps launched whose results have not arrived: so many, and more where steps are short, because a page waits 5 to 15 ms for any result. */
const leastInFlight = 2;
const mostInFlight = 32;
const inFlight_ms = 50;
const training = new WeakSet<object>();

/**
 * Trains a model: loss, backward and optimizer step for each batch, with validation and checkpoints between.
 *
 * Range:  see TrainOptions.
 * Throws: UsageError for options out of range, or while the same model is being trained; FeatureError for a precision of
 *         "f16" on an adapter without it; DivergedError after `maxSkipped` steps in a row without a finite gradient;
 *         AnomalyError in anomaly mode; whatever the device reports.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  checkTrainOptions(options);
  if (training.has(options.model)) throw new UsageError("train: this model is being trained already; await the first train() before the next");
  training.add(options.model);
  const run = new Run(options);
  try {
    return await run.run();
  } finally {
    run.dispose();
    training.delete(options.model);
  }
}

function checkTrainOptions(options: TrainOptions): void {
  checkOptions("train", options, optionKeys);
  const { precision = "f32" } = options;
  if (precision !== "f32" && precision !== "f16") throw new UsageError(`train: precision must be "f32" or "f16", got ${JSON.stringify(precision)}`);
  if (options.data.hasAnswers && !options.model.forward) throw new UsageError("train: these data have answers, which only a model with forward() can give; use nn.GPT, or data without hasAnswers");
  const whole = { min: 0, integer: true };
  checkNumber("train", "steps", options.steps, whole);
  for (const name of ["startStep", "evalEvery", "checkpointEvery"] as const) checkNumber("train", name, options[name] ?? 0, whole);
  for (const name of ["accumulate", "evalBatches", "maxSkipped"] as const) checkNumber("train", name, options[name] ?? 1, { min: 1, integer: true });
}

interface StepResult {
  step: number;
  loss: number;
  stats: OptimizerStats;
}

class Run {
  private step: number;
  private inFlight: Promise<StepResult>[] = [];
  /** Its counters before the oldest step in flight. */
  private before: OptimizerStats | null = null;
  private skippedInARow = 0;
  private tokensPerStep = 0;
  private losses: number[] = [];
  private best: number | null;
  private readonly result = { loss: NaN, skipped: 0, clipped: 0 };
  private readonly pacer: Pacer;
  private readonly validationPacer: Pacer;
  private readonly steps: Steps;

  constructor(private readonly options: TrainOptions) {
    this.steps = new Steps(options.device, options.model, options.optimizer, options.capture ?? options.model.capturable === true, options.precision);
    this.step = options.startStep ?? 0;
    this.best = options.bestValidationLoss ?? null;
    this.losses = [...(options.lossesSinceValidation ?? [])];
    this.pacer = new Pacer(options.device);
    this.validationPacer = new Pacer(options.device);
  }

  dispose(): void {
    this.steps.dispose();
  }

  async run(): Promise<TrainResult> {
    const { options } = this;
    const { checkpointEvery = 0, signal, onCheckpoint, between } = options;
    const settle = () => this.drain();
    this.before = await options.optimizer.stats();
    let saved = -1;
    const save = async () => {
      await this.drain();
      saved = this.step;
      await onCheckpoint?.(this.progress);
    };
    if ((options.evalEvery ?? 0) > 0 && this.step === 0) await this.validate();
    while (this.step < options.steps && !signal?.aborted) {
      if (this.options.detectAnomaly) await detectAnomaly(this.options.device, () => this.launchStep());
      else this.launchStep();
      if (this.inFlight.length > this.pacer.unitsWithin(inFlight_ms, leastInFlight, mostInFlight)) await this.settleOldest();
      if (signal?.aborted) break;
      const { evalEvery = 0 } = options;
      const last = this.step === options.steps;
      if (evalEvery > 0 && (last || this.step % evalEvery === 0)) await this.validate();
      if (checkpointEvery > 0 && this.step % checkpointEvery === 0) await save();
      const work = between?.(this.progress, settle);
      if (work) await work;
    }
    await this.drain();
    if (saved !== this.step) await save();
    return { step: this.step, aborted: signal?.aborted === true && this.step < options.steps, bestValidationLoss: this.best, ...this.result };
  }

  private get progress(): TrainProgress {
    return { step: this.step, bestValidationLoss: this.best, lossesSinceValidation: this.losses };
  }

  private launchStep(): void {
    const { data, accumulate = 1 } = this.options;
    const batches = Array.from({ length: accumulate }, () => data.next());
    this.tokensPerStep = batches.reduce((sum, batch) => sum + batch.tokens.length, 0);
    const loss = this.steps.train(batches);
    const step = ++this.step;
    const done = this.pacer.submitted();
    this.inFlight.push(this.paced(this.pacer, () => this.collect(step, loss, done)));
  }

  /** Queues the reads of a step's results at once: later steps overwrite what they read. */
  private async collect(step: number, loss: Tensor, done: () => void): Promise<StepResult> {
    const reads = Promise.all([loss.item(), this.options.optimizer.stats()]);
    loss.dispose();
    const [value, stats] = await reads;
    done();
    return { step, loss: value, stats };
  }

  private async settleOldest(): Promise<void> {
    const result = await this.inFlight[0]!;
    this.inFlight.shift();
    const metrics = this.metricsOf(result);
    this.before = result.stats;
    if ((this.options.evalEvery ?? 0) > 0) this.losses.push(metrics.loss);
    this.result.loss = metrics.loss;
    this.result.skipped += metrics.skipped ? 1 : 0;
    this.result.clipped += metrics.clipped ? 1 : 0;
    this.skippedInARow = metrics.skipped ? this.skippedInARow + 1 : 0;
    this.options.onStep?.(metrics);
    const { maxSkipped = 20 } = this.options;
    if (this.skippedInARow >= maxSkipped) {
      throw new DivergedError(
        `train: ${maxSkipped} steps in a row had a loss or gradient that was not finite and were skipped, the last was step ${metrics.step}; ` +
          "use a lower learning rate, a longer warmup or gradient clipping",
      );
    }
  }

  /** The optimizer counts since it was made; the difference is this step's. */
  private metricsOf({ step, loss, stats }: StepResult): StepMetrics {
    const { clipped, skipped } = this.before!;
    const { mean_ms } = this.pacer;
    return {
      step,
      loss,
      lr: stats.lr[0]!,
      gradNorm: stats.gradNorm,
      clipped: stats.clipped > clipped,
      skipped: stats.skipped > skipped,
      lossScale: stats.lossScale,
      tokensPerSecond: mean_ms === 0 ? 0 : (1000 * this.tokensPerStep) / mean_ms,
    };
  }

  private async drain(): Promise<void> {
    while (this.inFlight.length > 0) await this.settleOldest();
  }

  private async validate(): Promise<void> {
    await this.drain();
    const { data, evalBatches = 20, signal, onValidation } = this.options;
    const batches = data.validationBatches(evalBatches);
    if (batches.length === 0) return;
    const answers = data.hasAnswers === true;
    const [validationLoss, exactMatch] = await this.withBestWeights(async () => [
      await this.meanOver(batches, (batch) => this.validationLoss(batch)),
      answers ? await this.meanOver(batches, (batch) => this.shareRight(batch)) : NaN,
    ]);
    if (signal?.aborted) return;
    if (this.best === null || validationLoss < this.best) this.best = validationLoss;
    const trainLoss = this.losses.length === 0 ? null : this.losses.reduce((total, loss) => total + loss, 0) / this.losses.length;
    this.losses = [];
    onValidation?.({ step: this.step, validationLoss, trainLoss, bestValidationLoss: this.best, ...(answers && { exactMatch }) });
  }

  /** Averaged weights where the optimizer keeps them. */
  private withBestWeights<T>(fn: () => T): T {
    const { optimizer } = this.options;
    return (optimizer.emaDecay ?? null) === null || !optimizer.withAveragedWeights ? fn() : optimizer.withAveragedWeights(fn);
  }

  /** The mean over the batches; of no meaning once the signal is aborted. */
  private async meanOver(batches: readonly TokenBatch[], measure: (batch: TokenBatch) => Promise<number>): Promise<number> {
    let sum = 0;
    const pending: Promise<number>[] = [];
    for (const batch of batches) {
      if (this.options.signal?.aborted) break;
      pending.push(this.paced(this.validationPacer, () => measure(batch)));
      if (pending.length > leastInFlight) sum += await pending.shift()!;
    }
    for (const value of pending) sum += await value;
    return sum / batches.length;
  }

  private validationLoss(batch: TokenBatch): Promise<number> {
    return this.readValidation(this.steps.validate(batch), (loss) => loss.item());
  }

  private async shareRight(batch: TokenBatch): Promise<number> {
    const likeliest = await this.readValidation(this.steps.predict(batch), (tokens) => tokens.data());
    return rowsRight(likeliest, batch) / batch.shape[0];
  }

  private async readValidation<T>(result: Tensor, read: (result: Tensor) => Promise<T>): Promise<T> {
    const done = this.validationPacer.submitted();
    const reading = read(result);
    result.dispose();
    const value = await reading;
    done();
    return value;
  }

  /** The pacer's hook is looked up when a read is queued, so it need only be set for as long. */
  private paced<T>(pacer: Pacer, queueReads: () => Promise<T>): Promise<T> {
    const detach = pacer.attach();
    try {
      const result = queueReads();
      // An earlier step's error may end the run before this one is awaited: not an unhandled rejection.
      result.catch(() => {});
      return result;
    } finally {
      detach();
    }
  }
}
