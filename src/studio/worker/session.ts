// One run in training: its model on the device, and what the page may ask of it meanwhile.
import { DeviceLostError, StorageError } from "../../errors.js";
import type { Device } from "../../gpu/device.js";
import { placeOf, stateOf } from "../../recipe/run_plan.js";
import { checkSettings, type TrainSettings } from "../../recipe/settings.js";
import { encodeCheckpoint, Recovery, train, type Checkpoint, type TrainProgress } from "../../train/index.js";
import type { LiveChange, Progress, RunRecord, SampledToken, SampleRequest, SharpnessMeasurement, StudioEvent } from "../protocol.js";
import type { Store } from "../storage/index.js";
import { Gate } from "./gate.js";
import { applyChange, Replay } from "./live_changes.js";
import { disposeParts, openParts, sampled, type Parts } from "./parts.js";
import { RunKeeper } from "./run_keeper.js";

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

export class Session {
  private readonly keeper: RunKeeper;
  private parts: Parts | null = null;
  private readonly gate = new Gate();
  private readonly controller = new AbortController();
  private readonly recovery: Recovery;
  private readonly replay: Replay;
  private readonly base: TrainSettings;
  /** Steps launched, and what a checkpoint keeps with them. */
  private progress: TrainProgress = { step: 0, bestValidationLoss: null, lossesSinceValidation: [] };
  private sampleDueAt: number | null = null;
  private isLeaving = false;
  readonly ended: Promise<void>;

  constructor(
    private readonly context: SessionContext,
    record: RunRecord,
    private readonly ownText: string | null,
    checkpoint: { bytes: Uint8Array<ArrayBuffer>; step: number } | null,
  ) {
    this.keeper = new RunKeeper(context.store, (event) => context.tell(event), record);
    this.base = record.settings;
    this.replay = new Replay(record.settings);
    this.recovery = new Recovery({ onLost: (error, step) => this.rewind(step ?? 0, error.message) });
    if (checkpoint) this.recovery.keep(checkpoint.bytes, checkpoint.step);
    this.ended = this.run();
  }

  get record(): RunRecord {
    return this.keeper.record;
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
    if (this.parts) disposeParts(this.parts);
    this.parts = null;
  }

  /** Runs `job` on the model between two steps, or at once where nothing trains. */
  withModel<T>(job: (parts: Parts) => Promise<T>): Promise<T> {
    return this.gate.run(() => {
      if (!this.parts) throw new StorageError("studio: the run has no model in memory; go on with it first");
      return job(this.parts);
    });
  }

  rename(name: string): void {
    this.keeper.update({ name });
  }

  async change(change: LiveChange): Promise<void> {
    const settings = checkSettings({ ...this.record.settings, ...change });
    await this.gate.run(async () => {
      const { step } = this.progress;
      applyChange(this.parts!.optimizer, change, settings);
      this.keeper.update({ settings, changes: [...this.record.changes, { step, change }] });
      this.keeper.keepRecord();
    });
  }

  /** Of this moment; where the GPU is gone for good, the last copy in memory. */
  async checkpoint(): Promise<Uint8Array> {
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

  private async run(): Promise<void> {
    const { keeper } = this;
    try {
      keeper.setStatus("running");
      const { step, aborted } = await this.recovery.run((copy) => this.attempt(copy));
      await this.sampleWhereDue();
      this.settleClock();
      keeper.setStatus(aborted && step < this.record.settings.steps ? (this.isLeaving ? "paused" : "stopped") : "done");
    } catch (error) {
      this.settleClock();
      // A GPU that is gone is no fault of the run: it goes on after a reload.
      keeper.setStatus(error instanceof DeviceLostError ? "interrupted" : "failed", error instanceof Error ? error.message : String(error));
    } finally {
      keeper.flush();
      await this.gate.close();
      await keeper.settled();
    }
  }

  private settleClock(): void {
    this.keeper.clock.stop();
    this.keeper.flush();
  }

  private async attempt(copy: Checkpoint | null) {
    this.dispose();
    const { keeper } = this;
    const device = await this.context.device();
    // As they were then: what was changed since is changed again, at its step.
    const settings = copy ? { ...this.record.settings, ...(copy.state.settings as Partial<TrainSettings>) } : this.base;
    const parts = (this.parts = await openParts(device, settings, this.ownText, copy));
    const place = placeOf(copy);
    const { startStep = 0, bestValidationLoss = null, lossesSinceValidation = [] } = place;
    this.progress = { step: startStep, bestValidationLoss, lossesSinceValidation };
    keeper.update({ adapter: device.adapter.name, parameters: parts.model.parameterCount() });
    this.replay.start(startStep, settings);
    this.replay.pass(startStep, parts.optimizer, this.record);
    keeper.clock.start();
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
      onStep: (metrics) => keeper.step(metrics),
      onValidation: (metrics) => {
        keeper.validation(metrics);
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
    const { keeper } = this;
    await settle();
    if (this.recovery.due(this.progress.step)) await this.save();
    keeper.clock.stop();
    await this.sampleWhereDue();
    if (measures) await this.measureAndGoOn();
    await this.gate.pass(async () => {
      await this.save();
      keeper.flush();
      keeper.setStatus("paused");
      await keeper.settled();
    });
    if (this.record.status === "paused" && !this.controller.signal.aborted) keeper.setStatus("running");
    keeper.clock.start();
  }

  /** To memory for a lost device, and to the storage for a page that is closed. */
  private async save(): Promise<void> {
    const { step } = this.progress;
    if (this.recovery.copy?.step === step && this.record.savedStep === step) return;
    const started = performance.now();
    const bytes = await this.encode();
    this.recovery.keep(bytes, step, performance.now() - started);
    this.keeper.checkpoint(bytes, step);
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
      this.keeper.sample({ step, tokens });
    } catch (error) {
      this.keeper.notice(error instanceof Error ? error.message : String(error));
    }
  }

  private async measureAndGoOn(): Promise<void> {
    try {
      await this.measure(this.parts!, false, this.controller.signal, () => {});
    } catch (error) {
      if (!this.controller.signal.aborted) this.keeper.notice(error instanceof Error ? error.message : String(error));
    }
  }

  private async measure(parts: Parts, thorough: boolean, signal: AbortSignal, onProgress: Progress): Promise<SharpnessMeasurement> {
    const { device, model, optimizer, data } = parts;
    const { measureSharpness, sharpnessRow } = await import("./tools.js");
    const found = await measureSharpness({ device, settings: this.record.settings, model, optimizer, data, step: this.progress.step, thorough, signal, onProgress });
    this.keeper.sharpness(sharpnessRow(found));
    return found;
  }

  private rewind(step: number, reason: string): void {
    this.sampleDueAt = null;
    this.keeper.rewind(step, reason);
  }
}
