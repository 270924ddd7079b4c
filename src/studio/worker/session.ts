// One run in training: its model on the device, its place in the storage, and what the page may ask of it meanwhile.
import { tokenizerFromJSON } from "../../data/index.js";
import { CheckpointError, DeviceLostError, StorageError } from "../../errors.js";
import type { Device } from "../../gpu/device.js";
import type { Optimizer } from "../../optim/index.js";
import { partsOf } from "../../recipe/parts_of.js";
import { placeOf, stateOf, type RunPlan } from "../../recipe/run_plan.js";
import { checkSettings, type TrainSettings } from "../../recipe/settings.js";
import { encodeCheckpoint, Recovery, train, type Checkpoint, type TrainProgress } from "../../train/index.js";
import type { LiveChange, Progress, RunRecord, RunStatus, SampledToken, SampleRequest, SharpnessMeasurement, StudioEvent } from "../protocol.js";
import type { Store } from "../storage/index.js";
import { Gate } from "./gate.js";
import { applyChange, Replay } from "./live_changes.js";
import { RowBundle } from "./row_bundle.js";
import { Stopwatch } from "./stopwatch.js";
import { sampleText, type Writer } from "./text.js";
import { tokensOf } from "./texts.js";

/** What a session needs of the studio. */
export interface SessionContext {
  store: Store;
  /** The device in use; after a loss, a new one. */
  device(): Promise<Device>;
  tell(event: StudioEvent): void;
  /** What to sample after each validation; null for nothing. */
  readonly sampling: SampleRequest | null;
  /** 0 for never. */
  readonly sharpnessEvery: number;
}

/** A run's model, optimizer and data on a device. */
export interface Parts extends Writer {
  device: Device;
  plan: RunPlan;
  optimizer: Optimizer;
}

/** The model and optimizer of these settings, as new or as a checkpoint left them. Throws CheckpointError where the text is another. */
export async function openParts(device: Device, settings: TrainSettings, ownText: string | null, checkpoint: Checkpoint | null): Promise<Parts> {
  const data = await tokensOf(settings, ownText, checkpoint && (await tokenizerFromJSON(checkpoint.state.tokenizer)));
  const place = checkpoint?.state.data;
  if (place) {
    if (place.fingerprint !== data.fingerprint) throw new CheckpointError("checkpoint: the text is not the one of the run; open it with the text it was trained on");
    data.loadStateDict(place.position);
  }
  const plan = { settings, data, checkpoint };
  return { device, plan, data, ...partsOf(device, plan) };
}

export class Session {
  record: RunRecord;
  private parts: Parts | null = null;
  private readonly gate = new Gate();
  private readonly controller = new AbortController();
  private readonly rows: RowBundle;
  private readonly recovery: Recovery;
  private readonly clock: Stopwatch;
  private readonly base: TrainSettings;
  /** Steps launched, and what a checkpoint keeps with them. */
  private progress: TrainProgress = { step: 0, bestValidationLoss: null, lossesSinceValidation: [] };
  private sampleDueAt: number | null = null;
  private isLeaving = false;
  private readonly replay: Replay;
  /** Writes to the storage, one after the other; none is waited for by training. */
  private writing: Promise<void> = Promise.resolve();
  /** Whether the last checkpoint could be stored. */
  private isStoring = true;
  /** Checkpoints that wait to be written. */
  private unwritten = 0;
  readonly ended: Promise<void>;

  constructor(
    private readonly context: SessionContext,
    record: RunRecord,
    private readonly ownText: string | null,
    checkpoint: { bytes: Uint8Array<ArrayBuffer>; step: number } | null,
  ) {
    this.record = record;
    this.base = record.settings;
    this.replay = new Replay(record.settings);
    this.clock = new Stopwatch(record.trainedSeconds);
    const { store } = context;
    this.rows = new RowBundle({
      tell: (rows) => context.tell({ kind: "rows", run: record.id, ...rows }),
      store: (rows) => this.write(() => store.appendMetrics(record.id, rows)),
    });
    this.recovery = new Recovery({ onLost: (error, step) => this.rewind(step ?? 0, error.message) });
    if (checkpoint) this.recovery.keep(checkpoint.bytes, checkpoint.step);
    this.ended = this.run();
  }

  get isPaused(): boolean {
    return this.gate.isPaused && this.record.status === "paused";
  }

  /** Resolves once nothing trains and the state is stored. */
  async pause(): Promise<void> {
    await this.gate.pause();
  }

  play(): void {
    this.gate.play();
  }

  /** Saves and ends. `status` is what the run is called afterwards. */
  async end(status: "stopped" | "paused"): Promise<void> {
    this.isLeaving = status === "paused";
    this.controller.abort();
    this.gate.play();
    await this.ended;
  }

  /** Gives the memory on the device back. Only after `ended`. */
  dispose(): void {
    this.parts?.optimizer.dispose();
    this.parts?.model.dispose();
    this.parts = null;
  }

  /** Runs `job` on the model between two steps, or at once where nothing trains. */
  withModel<T>(job: (parts: Parts) => Promise<T>): Promise<T> {
    return this.gate.run(() => {
      if (!this.parts) throw new StorageError("studio: the run has no model in memory; go on with it first");
      return job(this.parts);
    });
  }

  async change(change: LiveChange): Promise<void> {
    const settings = checkSettings({ ...this.record.settings, ...change });
    await this.gate.run(async () => {
      const { step } = this.progress;
      applyChange(this.parts!.optimizer, change, settings);
      this.update({ settings, changes: [...this.record.changes, { step, change }] });
      this.keepRecord();
    });
  }

  /** Of this moment; where the GPU is gone for good, the last copy in memory. */
  async checkpoint(): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return await this.withModel(() => this.encode());
    } catch (error) {
      const { copy } = this.recovery;
      if (!copy || !(error instanceof DeviceLostError)) throw error;
      return copy.bytes.slice();
    }
  }

  async sample(request: SampleRequest, onToken: (token: SampledToken) => void): Promise<void> {
    await this.withModel((parts) => sampled(parts, request, onToken));
  }

  async sharpness(signal: AbortSignal, onProgress: Progress): Promise<SharpnessMeasurement> {
    return this.withModel((parts) => this.measure(parts, true, signal, onProgress));
  }

  update(changed: Partial<RunRecord>): void {
    this.record = { ...this.record, ...changed };
    this.context.tell({ kind: "record", record: this.record });
  }

  private setStatus(status: RunStatus, message: string | null = null): void {
    this.update({ status, message, trainedSeconds: this.clock.seconds });
    this.keepRecord();
  }

  private keepRecord(): void {
    const { record } = this;
    this.write(() => this.context.store.writeRecord(record));
  }

  /** A storage that is full stops nothing: the run goes on, and its state can be saved as a file. */
  private write(work: () => Promise<void>): void {
    this.writing = this.writing.then(work).catch((error: unknown) => this.cannotStore(error));
  }

  /** Told once, until a checkpoint is stored again. */
  private cannotStore(error: unknown): void {
    if (!this.isStoring) return;
    this.isStoring = false;
    const text = error instanceof Error ? error.message : String(error);
    this.context.tell({ kind: "notice", level: "warning", text: `"${this.record.name}" could not be stored, and goes on: ${text}. Its checkpoint can be saved as a file.` });
  }

  private async run(): Promise<void> {
    try {
      this.setStatus("running");
      const { step, aborted } = await this.recovery.run((copy) => this.attempt(copy));
      await this.sampleWhereDue();
      this.settleClock();
      this.setStatus(aborted && step < this.record.settings.steps ? (this.isLeaving ? "paused" : "stopped") : "done");
    } catch (error) {
      this.settleClock();
      // A GPU that is gone is no fault of the run: it goes on after a reload.
      this.setStatus(error instanceof DeviceLostError ? "interrupted" : "failed", error instanceof Error ? error.message : String(error));
    } finally {
      this.rows.flush();
      await this.gate.close();
      await this.writing;
    }
  }

  private settleClock(): void {
    this.clock.stop();
    this.rows.flush();
  }

  private async attempt(copy: Checkpoint | null) {
    this.dispose();
    const device = await this.context.device();
    // As they were then: what was changed since is changed again, at its step.
    const settings = copy ? { ...this.record.settings, ...(copy.state.settings as Partial<TrainSettings>) } : this.base;
    const parts = (this.parts = await openParts(device, settings, this.ownText, copy));
    const place = placeOf(copy);
    const { startStep = 0, bestValidationLoss = null, lossesSinceValidation = [] } = place;
    this.progress = { step: startStep, bestValidationLoss, lossesSinceValidation };
    this.update({ adapter: device.adapter.name, parameters: parts.model.parameterCount() });
    this.replay.start(startStep, settings);
    this.replay.pass(startStep, parts.optimizer, this.record);
    this.clock.start();
    const session = this;
    return train({
      device,
      model: parts.model,
      optimizer: parts.optimizer,
      data: parts.data,
      get steps() {
        return session.record.settings.steps;
      },
      get evalEvery() {
        return session.replay.settingsAt(session.progress.step, session.record).evalEvery;
      },
      accumulate: settings.accumulate,
      ...place,
      evalBatches: settings.evalBatches,
      checkpointEvery: settings.checkpointEvery,
      precision: settings.precision,
      signal: this.controller.signal,
      onStep: (metrics) => {
        this.record = { ...this.record, step: metrics.step, loss: metrics.loss, trainedSeconds: this.clock.seconds };
        this.rows.step({ ...metrics, seconds: this.clock.seconds });
      },
      onValidation: (metrics) => {
        const exactMatch = metrics.exactMatch ?? null;
        this.rows.validation({ ...metrics, exactMatch, seconds: this.clock.seconds });
        this.update({ bestValidationLoss: metrics.bestValidationLoss, exactMatch });
        this.sampleDueAt = metrics.step;
      },
      onCheckpoint: (progress) => {
        this.progress = progress;
        return this.save();
      },
      between: (progress, settle) => this.between(progress, settle),
    });
  }

  private between(progress: TrainProgress, settle: () => Promise<void>): Promise<void> | undefined {
    const { step } = (this.progress = progress);
    this.replay.pass(step, this.parts!.optimizer, this.record);
    const measures = this.context.sharpnessEvery > 0 && step % this.context.sharpnessEvery === 0;
    const samples = this.sampleDueAt !== null && this.context.sampling !== null;
    if (!this.gate.isNeeded && !measures && !samples && !this.recovery.due(step)) return undefined;
    return this.standStill(settle, measures);
  }

  private async standStill(settle: () => Promise<void>, measures: boolean): Promise<void> {
    await settle();
    if (this.recovery.due(this.progress.step)) await this.save();
    this.clock.stop();
    await this.sampleWhereDue();
    if (measures) await this.measureAndGoOn();
    await this.gate.pass(async () => {
      await this.save();
      this.rows.flush();
      this.setStatus("paused");
      await this.writing;
    });
    if (this.record.status === "paused" && !this.controller.signal.aborted) this.setStatus("running");
    this.clock.start();
  }

  /** To memory for a lost device, and to the storage for a page that is closed. */
  private async save(): Promise<void> {
    const { step } = this.progress;
    if (this.recovery.copy?.step === step && this.record.savedStep === step) return;
    const started = performance.now();
    const bytes = await this.encode();
    this.recovery.keep(bytes, step, performance.now() - started);
    this.rows.flush();
    this.update({ step });
    this.unwritten++;
    this.write(async () => {
      // A slow disk gets the newest only.
      if (--this.unwritten > 0) return;
      await this.context.store.writeCheckpoint(this.record.id, bytes);
      this.isStoring = true;
      this.update({ savedStep: step });
      await this.context.store.writeRecord(this.record);
    });
  }

  private encode(): Promise<Uint8Array<ArrayBuffer>> {
    const { plan, model, optimizer } = this.parts!;
    const { step, bestValidationLoss, lossesSinceValidation } = this.progress;
    return encodeCheckpoint(model, optimizer, stateOf({ ...plan, settings: this.record.settings }, model, step, bestValidationLoss, lossesSinceValidation));
  }

  private async sampleWhereDue(): Promise<void> {
    const step = this.sampleDueAt;
    const request = this.context.sampling;
    this.sampleDueAt = null;
    if (step === null || request === null || !this.parts) return;
    const tokens: SampledToken[] = [];
    try {
      await sampled(this.parts, request, (token) => tokens.push(token));
      this.context.tell({ kind: "sample", run: this.record.id, step, tokens });
    } catch (error) {
      this.context.tell({ kind: "notice", level: "warning", text: error instanceof Error ? error.message : String(error) });
    }
  }

  private async measureAndGoOn(): Promise<void> {
    try {
      await this.measure(this.parts!, false, this.controller.signal, () => {});
    } catch (error) {
      if (this.controller.signal.aborted) return;
      this.context.tell({ kind: "notice", level: "warning", text: error instanceof Error ? error.message : String(error) });
    }
  }

  private async measure(parts: Parts, thorough: boolean, signal: AbortSignal, onProgress: Progress): Promise<SharpnessMeasurement> {
    const { device, model, optimizer, data } = parts;
    const { measureSharpness, sharpnessRow } = await import("./tools.js");
    const found = await measureSharpness({ device, settings: this.record.settings, model, optimizer, data, step: this.progress.step, thorough, signal, onProgress });
    this.rows.sharpness(sharpnessRow(found));
    this.rows.flush();
    return found;
  }

  private rewind(step: number, reason: string): void {
    const { id } = this.record;
    this.clock.stop();
    this.rows.flush();
    this.rows.rewind(step);
    this.sampleDueAt = null;
    this.write(() => this.context.store.rewindMetrics(id, step));
    this.context.tell({ kind: "rewound", run: id, step });
    this.update({ step, message: `the GPU was lost (${reason}); continued on a new device at step ${step}` });
    this.context.tell({ kind: "notice", level: "warning", text: `The GPU was lost; "${this.record.name}" goes on by itself from step ${step}.` });
  }
}

/** Averaged weights where the optimizer keeps them. */
export function sampled(parts: Parts, request: SampleRequest, onToken: (token: SampledToken) => void, signal?: AbortSignal): Promise<void> {
  const write = () => sampleText(parts, request, onToken, signal);
  return parts.optimizer.emaDecay === null ? write() : parts.optimizer.withAveragedWeights(write);
}
