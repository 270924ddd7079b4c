// What the page talks to: the stored runs, the device, and the one run that trains.
import { transfer } from "comlink";
import { tokenizerFromJSON } from "../../data/index.js";
import { CheckpointError, OutOfMemoryError, UsageError } from "../../errors.js";
import type { Device } from "../../gpu/device.js";
import { openDevice } from "../../gpu/open_device.js";
import { memoryOf } from "../../recipe/memory_of.js";
import { parameterCountOf } from "../../recipe/parameter_count.js";
import { presets } from "../../recipe/presets.js";
import { checkSettings, type TrainSettings } from "../../recipe/settings.js";
import { decodeCheckpoint } from "../../train/index.js";
import { checkNumber } from "../../options.js";
import { requireDTypeOn } from "../../tensor/dtype.js";
import { builtInData } from "../data_sources.js";
import type { AdviceResult, AttentionMaps, DeviceInfo, Estimate, LiveChange, NewRun, Progress, RangeTestResult, RunId, RunMetrics, RunRecord, SampledToken, SampleRequest, SharpnessMeasurement, StudioEvent, StudioWorker, TrainingSample } from "../protocol.js";
import { heldElsewhere, openStore, repairRecords, Tabs, type Damage, type StorageUse, type Store } from "../storage/index.js";
import { disposeParts, openParts, sampled, type Parts } from "./parts.js";
import { Session } from "./session.js";
import { attentionMaps } from "./text.js";
import { ownTextOf, tokensOf } from "./texts.js";
import type { ToolWork } from "./tools.js";

export class Studio implements StudioWorker {
  private store!: Store;
  private listener: (event: StudioEvent) => void = () => {};
  private readonly records = new Map<RunId, RunRecord>();
  private readonly tabs = new Tabs((event) => this.heard(event));
  /** Runs that other tabs train. */
  private readonly watched = new Set<RunId>();
  private opened: Promise<Device> | null = null;
  private session: Session | null = null;
  private release: (() => void) | null = null;
  private tool: AbortController | null = null;
  private isTooling = false;
  sampling: SampleRequest | null = null;
  sharpnessSteps = 0;

  async open(listener: (event: StudioEvent) => void): Promise<DeviceInfo> {
    this.listener = listener;
    const { store, notice } = await openStore();
    this.store = store;
    const { records, damaged } = await store.list();
    for (const record of await repairRecords(store, records, await this.tabs.held())) this.show(record);
    this.tellDamage(damaged);
    if (notice) this.listener({ kind: "notice", level: "warning", text: notice });
    return infoOf(await this.device());
  }

  async estimate(settings: TrainSettings, text: string | null): Promise<Estimate> {
    checkSettings(settings);
    const data = await tokensOf(settings, text);
    const device = await this.device();
    requireDTypeOn(device, "precision", settings.precision);
    const count = parameterCountOf(settings, data.vocab.size);
    const known = { parameters: count, vocabulary: data.vocab.size, trainTokens: data.trainTokens, validationTokens: data.validationTokens };
    try {
      const { bytes, parameters, gradients, optimizer, activations, largest, breaks } = memoryOf(device, { settings, data, checkpoint: null });
      const memory = { total: bytes, parameters, gradients, optimizer, activations, largestBuffer: largest.bytes };
      const wontFit = breaks && `${largest.label} needs ${largest.bytes} bytes, over the adapter's ${breaks.limit} of ${breaks.bytes}: lower batch, context or width, or switch activation checkpointing on`;
      return { ...known, memory, wontFit };
    } catch (error) {
      // One tensor alone is too large: what its parameters would take is known, and that is enough.
      if (!(error instanceof OutOfMemoryError)) throw error;
      const bytes = 4 * count;
      return { ...known, memory: { total: 4 * bytes, parameters: bytes, gradients: bytes, optimizer: 2 * bytes, activations: 0, largestBuffer: 0 }, wontFit: error.message };
    }
  }

  async start({ name, settings, text, clonedFrom }: NewRun): Promise<RunId> {
    checkSettings(settings);
    // Before anything is stored: a text that is too short, a task that does not fit.
    await tokensOf(settings, text);
    const id = crypto.randomUUID().slice(0, 8);
    const fresh: RunRecord = {
      id, name, created: Date.now(), settings, text: null, status: "new", message: null, step: 0, parameters: null, adapter: null, loss: null,
      bestValidationLoss: null, exactMatch: null, trainedSeconds: 0, savedStep: null, changes: [], clonedFrom,
    };
    const release = await this.take(fresh);
    try {
      await this.train(await this.store.create(fresh, builtInData(settings.data) ? null : text), text, null, release);
    } catch (error) {
      release();
      throw error;
    }
    return id;
  }

  async resume(run: RunId): Promise<void> {
    const record = this.recordOf(run);
    if (this.session?.record.id === run && this.session.isPaused) return this.session.play();
    if (this.session?.record.id === run && record.status === "running") return;
    if (record.step >= record.settings.steps) throw new UsageError(`steps: the run is complete, got step ${record.step} of ${record.settings.steps}; raise the steps of a clone, or of this run while it trains`);
    // Before anything of the run is touched: another tab may train it.
    const release = await this.take(record);
    try {
      const checkpoint = await this.store.readCheckpoint(run);
      for (const { name, reason } of checkpoint?.damaged ?? []) this.listener({ kind: "notice", level: "warning", text: `${name} cannot be read, the checkpoint before it is used: ${reason}` });
      const step = checkpoint?.step ?? 0;
      const text = await ownTextOf(this.store, record);
      await this.store.rewind(run, step);
      this.tell({ kind: "rewound", run, step });
      await this.train({ ...record, step, message: null, ...(checkpoint ? {} : { changes: [] }) }, text, checkpoint, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  async pause(): Promise<void> {
    if (this.session?.record.status === "running") await this.session.pause();
  }

  async stop(): Promise<void> {
    await this.leave("stopped");
  }

  async change(change: LiveChange): Promise<void> {
    if (!this.session) throw new UsageError("studio: no run trains; start one, or go on with one");
    await this.session.change(change);
  }

  async rename(run: RunId, name: string): Promise<void> {
    if (this.session?.record.id === run) this.session.rename(name);
    else await this.refuseHeld(run);
    const record = { ...this.recordOf(run), name };
    await this.store.writeRecord(record);
    this.tellRecord(record);
  }

  async remove(run: RunId): Promise<void> {
    if (this.session?.record.id === run) await this.leave("stopped");
    else await this.refuseHeld(run);
    await this.store.remove(run);
    this.tell({ kind: "removed", run });
  }

  async metrics(run: RunId): Promise<RunMetrics> {
    const { damaged, ...metrics } = await this.store.readMetrics(run);
    this.tellDamage(damaged);
    return metrics;
  }

  async samples(run: RunId): Promise<TrainingSample[]> {
    const { damaged, samples } = await this.store.readSamples(run);
    this.tellDamage(damaged);
    return samples;
  }

  text(run: RunId): Promise<string | null> {
    return ownTextOf(this.store, this.recordOf(run));
  }

  async exportCheckpoint(run: RunId): Promise<Uint8Array> {
    const bytes = this.session?.record.id === run ? await this.session.checkpoint() : (await this.store.readCheckpoint(run))?.bytes;
    if (!bytes) throw new UsageError(`studio: nothing of "${this.recordOf(run).name}" has been saved yet; let it train for a while`);
    return transfer(bytes, [bytes.buffer]);
  }

  async importCheckpoint(name: string, bytes: Uint8Array, text: string | null): Promise<RunId> {
    const checkpoint = decodeCheckpoint(bytes);
    const { state, model } = checkpoint;
    if (!state.data || !state.generators?.model || !checkpoint.optimizer || typeof state.settings !== "object") {
      throw new CheckpointError("checkpoint: it lacks what a run needs to go on; use a file that kiln train or this page wrote");
    }
    const settings = checkSettings({ ...presets.small, ...(state.settings as Partial<TrainSettings>) });
    const data = await tokensOf(settings, text, await tokenizerFromJSON(state.tokenizer));
    if (data.fingerprint !== state.data.fingerprint) throw new CheckpointError("checkpoint: the text is not the one of the run; choose the text it was trained on");
    const parameters = Object.values(model).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    const fresh: RunRecord = {
      id: crypto.randomUUID().slice(0, 8), name, created: Date.now(), settings, text: null, status: state.step < settings.steps ? "paused" : "done", message: null, step: state.step, parameters, adapter: null, loss: null,
      bestValidationLoss: state.bestValidationLoss ?? null, exactMatch: null, trainedSeconds: 0, savedStep: state.step, changes: [], clonedFrom: null,
    };
    const record = await this.store.create(fresh, builtInData(settings.data) ? null : text);
    await this.store.writeCheckpoint(record.id, new Uint8Array(bytes));
    this.tellRecord(record);
    return record.id;
  }

  storageUse(): Promise<StorageUse> {
    return this.store.use();
  }

  async sample(run: RunId, request: SampleRequest, onToken: (token: SampledToken) => void): Promise<void> {
    if (this.session?.record.id === run) await this.session.sample(request, onToken);
    else await this.visit(run, (parts) => sampled(parts, request, onToken));
  }

  async sampleAsItTrains(request: SampleRequest | null): Promise<void> {
    this.sampling = request;
  }

  attention(run: RunId, text: string): Promise<AttentionMaps> {
    return this.session?.record.id === run ? this.session.withModel((parts) => attentionMaps(parts, text)) : this.visit(run, (parts) => attentionMaps(parts, text));
  }

  async sharpnessEvery(steps: number): Promise<void> {
    this.sharpnessSteps = checkNumber("sharpnessEvery", "steps", steps, { min: 0, integer: true });
  }

  async measureSharpness(run: RunId, onProgress: Progress): Promise<SharpnessMeasurement> {
    return this.cancellable((signal) => {
      if (this.session?.record.id === run) return this.session.sharpness(signal, onProgress);
      return this.visit(run, async (parts) => {
        const { settings, step } = this.recordOf(run);
        const { measureSharpness, sharpnessRow } = await import("./tools.js");
        const found = await measureSharpness({ ...parts, settings, step, thorough: true, signal, onProgress });
        const rows = { steps: [], validations: [], sharpness: [sharpnessRow(found)] };
        await this.store.appendMetrics(run, rows);
        this.tell({ kind: "rows", run, ...rows });
        return found;
      });
    });
  }

  rangeTest(settings: TrainSettings, text: string | null, onProgress: Progress): Promise<RangeTestResult> {
    return this.withTool(settings, text, onProgress, async (work) => (await import("./tools.js")).testRange(work));
  }

  advise(settings: TrainSettings, text: string | null, onProgress: Progress): Promise<AdviceResult> {
    return this.withTool(settings, text, onProgress, async (work) => (await import("./tools.js")).adviseSchedule(work));
  }

  async cancelTool(): Promise<void> {
    this.tool?.abort(new UsageError("tool: cancelled"));
  }

  private async refuseHeld(run: RunId): Promise<void> {
    if ((await this.tabs.held()).has(run)) throw new UsageError(heldElsewhere(this.recordOf(run).name));
  }

  /** Throws UsageError where another tab holds the run. */
  private async take(record: RunRecord): Promise<() => void> {
    const release = await this.tabs.take(record.id);
    if (!release) throw new UsageError(heldElsewhere(record.name));
    return release;
  }

  private async train(record: RunRecord, ownText: string | null, checkpoint: { bytes: Uint8Array<ArrayBuffer>; step: number } | null, release: () => void): Promise<void> {
    await this.leave("paused");
    this.release = release;
    const studio = this;
    const context = {
      store: this.store,
      device: () => this.device(),
      tell: (event: StudioEvent) => this.tell(event),
      get sampling() {
        return studio.sampling;
      },
      get sharpnessEvery() {
        return studio.sharpnessSteps;
      },
    };
    this.session = new Session(context, record, ownText, checkpoint);
    void this.session.ended.then(() => release());
  }

  /** Ends the run that is in memory, if there is one. */
  private async leave(status: "stopped" | "paused"): Promise<void> {
    const { session } = this;
    if (!session) return;
    await session.end(status);
    session.dispose();
    this.release?.();
    this.session = null;
  }

  /** The device in use, or another where it was lost. */
  private async device(): Promise<Device> {
    const opened = this.opened && (await this.opened.catch(() => null));
    if (opened?.isUsable) return opened;
    opened?.close();
    this.opened = openDevice();
    const device = await this.opened;
    this.listener({ kind: "device", device: infoOf(device), message: null });
    return device;
  }

  /** A model of a run that does not train, from its last checkpoint, for as long as `use` takes. */
  private async visit<T>(run: RunId, use: (parts: Parts) => Promise<T>): Promise<T> {
    const record = this.recordOf(run);
    const checkpoint = await this.store.readCheckpoint(run);
    if (!checkpoint) throw new UsageError(`studio: nothing of "${record.name}" has been saved yet; let it train for a while`);
    const parts = await openParts(await this.device(), record.settings, await ownTextOf(this.store, record), decodeCheckpoint(checkpoint.bytes));
    try {
      return await use(parts);
    } finally {
      disposeParts(parts);
    }
  }

  private async withTool<T>(settings: TrainSettings, text: string | null, onProgress: Progress, tool: (work: ToolWork) => Promise<T>): Promise<T> {
    await this.pause();
    return this.cancellable(async (signal) => tool({ device: await this.device(), settings, data: await tokensOf(settings, text), signal, onProgress }));
  }

  private async cancellable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.isTooling) throw new UsageError("tool: one is running already; cancel it, or wait for it");
    this.isTooling = true;
    this.tool = new AbortController();
    try {
      return await work(this.tool.signal);
    } finally {
      this.isTooling = false;
      this.tool = null;
    }
  }

  private recordOf(run: RunId): RunRecord {
    const record = this.records.get(run);
    if (!record) throw new UsageError(`studio: no run "${run}"; it was removed`);
    return record;
  }

  /** As the storage has it. */
  private show(record: RunRecord): void {
    const elsewhere = record.status === "running";
    this.records.set(record.id, record);
    this.listener({ kind: "record", record, elsewhere });
    if (elsewhere) void this.watch(record.id);
  }

  private tellRecord(record: RunRecord): void {
    this.tell({ kind: "record", record, elsewhere: false });
  }

  private tellDamage(damaged: readonly Damage[]): void {
    for (const { name, reason } of damaged) this.listener({ kind: "notice", level: "warning", text: `${name} cannot be read and is left out: ${reason}` });
  }

  /** To this page and to other tabs. */
  private tell(event: StudioEvent): void {
    if (event.kind === "record") this.records.set(event.record.id, event.record);
    if (event.kind === "removed") this.records.delete(event.run);
    this.listener(event);
    this.tabs.tell(event);
  }

  /** Another tab told it, and has stored it. */
  private heard(event: StudioEvent): void {
    if (event.kind === "record") return this.show(event.record);
    if (event.kind === "removed") this.records.delete(event.run);
    this.listener(event);
  }

  /** Until the tab that trains the run lets go of it. One that was closed or crashed had no time to say so. */
  private async watch(run: RunId): Promise<void> {
    if (this.watched.has(run)) return;
    this.watched.add(run);
    await this.tabs.freed(run);
    this.watched.delete(run);
    const { records } = await this.store.list();
    const left = records.filter(({ id }) => id === run);
    for (const record of await repairRecords(this.store, left, await this.tabs.held())) this.show(record);
  }
}

function infoOf({ adapter, features, limits }: Device): DeviceInfo {
  const { maxBufferSize, maxStorageBufferBindingSize } = limits;
  return { adapter, features: [...features], limits: { maxBufferSize, maxStorageBufferBindingSize } };
}
