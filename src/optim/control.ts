// The control block and the small buffers around it: what lets a step decide on the GPU what it does.
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { controlHeaderBytes, hyperBytes, recordHeaderWords } from "../kernels/optim.js";

/** The counters of `struct Control` in shaders/optimizer_finalise.wgsl. */
export interface Counters {
  step: number;
  skipped: number;
  clipped: number;
}

/** What the kernels used, as they wrote it. */
export interface OptimizerStats {
  /** Steps taken: the next one asks the schedules for this t. */
  step: number;
  /** Steps skipped because the gradient or its norm was not finite in f32. They use up no t and no learning rate. */
  skipped: number;
  /** Steps taken with a gradient that was clipped, by norm or by value. */
  clipped: number;
  /** Global norm of the last step's gradients before clipping; NaN if it was not finite. */
  gradNorm: number;
  clipScale: number;
  /** What the next loss is multiplied by; 1 without loss scaling. */
  lossScale: number;
  /** The learning rate of each group at the last step taken; before any, and after a load, at the coming one. */
  lr: number[];
}

export interface ControlReading extends OptimizerStats {
  /** A step found no row in the step table since this was last read. */
  rowMissed: boolean;
}

/** One step that was taken, as the kernels did it. */
export interface StepRecord {
  /** Steps taken before it: what the schedules were asked for. */
  step: number;
  /** Of each group. */
  lr: number[];
  /** Global norm before clipping. */
  gradNorm: number;
  /** What clipping by norm multiplied the gradients by. */
  clipScale: number;
  /** Whether any gradient was clipped, by norm or by value. */
  clipped: boolean;
  /** What the loss was multiplied by; 1 without loss scaling. */
  lossScale: number;
}

const inactive = 0xffffffff;
const rowMissedFlag = 2;
const flagsOffset_bytes = 12;
/** In words: clip_scale, ema_rate, loss_scale. */
const clipScaleAt = 5;
const mostRecords = 1024;
const historyBytes = 65536;

export class ControlBlock {
  readonly group_of: Slice;
  readonly steps: Slice;
  readonly hyper: Slice;
  readonly control: Slice;
  readonly history: Slice;
  /** Steps that the history holds. */
  readonly historyRows: number;
  private disposed = false;

  constructor(
    private readonly device: Device,
    /** The group of each parameter. */
    private readonly groupOf: readonly number[],
    private readonly groupCount: number,
  ) {
    const acquire = (size_bytes: number, label: string): Slice => ({
      buffer: device.acquire(size_bytes, `optimizer ${label}`),
      offset_bytes: 0,
      size_bytes,
    });
    this.group_of = acquire(groupOf.length * 4, "group_of");
    this.steps = acquire(groupOf.length * 4, "steps");
    this.hyper = acquire(groupOf.length * hyperBytes, "hyper");
    this.control = acquire(controlHeaderBytes + groupCount * 4, "control");
    this.historyRows = Math.min(mostRecords, Math.floor(historyBytes / this.recordBytes));
    this.history = acquire(this.historyRows * this.recordBytes, "history");
  }

  private get recordBytes(): number {
    return 4 * (recordHeaderWords + this.groupCount);
  }

  /** What a snapshot must copy. */
  get state(): Slice[] {
    return [this.steps, this.control, this.history];
  }

  /** Which parameters take part in the next step. */
  writeActive(active: readonly boolean[]): void {
    const groups = Uint32Array.from(this.groupOf, (group, i) => (active[i] ? group : inactive));
    this.device.queue.write(this.group_of, groups);
  }

  writeCounters({ step, skipped, clipped }: Counters, parameterSteps: readonly number[], lr: readonly number[], lossScale: number): void {
    const bytes = new ArrayBuffer(this.control.size_bytes);
    new Uint32Array(bytes).set([step, skipped, clipped]);
    new Float32Array(bytes).set([1, 0, lossScale], clipScaleAt);
    new Float32Array(bytes, controlHeaderBytes).set(lr);
    this.device.queue.write(this.control, new Uint8Array(bytes));
    this.device.queue.write(this.steps, Uint32Array.from(parameterSteps));
    // No step: see readHistory.
    this.device.queue.write(this.history, new Uint32Array(this.history.size_bytes / 4).fill(0xffffffff));
  }

  /** Once everything launched so far has run. Forgets a missed row. */
  async read(): Promise<ControlReading> {
    const bytes = await this.device.read(this.control);
    const [step, skipped, clipped, flags] = new Uint32Array(bytes) as unknown as [number, number, number, number];
    const floats = new Float32Array(bytes);
    const rowMissed = (flags & rowMissedFlag) !== 0;
    if (rowMissed && !this.disposed) {
      const { buffer } = this.control;
      this.device.queue.write({ buffer, offset_bytes: flagsOffset_bytes, size_bytes: 4 }, new Uint32Array(1));
    }
    const lr = [...floats.subarray(controlHeaderBytes / 4, controlHeaderBytes / 4 + this.groupCount)];
    return { step, skipped, clipped, rowMissed, gradNorm: floats[4]!, clipScale: floats[clipScaleAt]!, lossScale: floats[clipScaleAt + 2]!, lr };
  }

  async readSteps(): Promise<number[]> {
    return [...new Uint32Array(await this.device.read(this.steps))];
  }

  /** The steps that the ring holds, oldest first. */
  async readHistory(): Promise<StepRecord[]> {
    const bytes = await this.device.read(this.history);
    const [words, floats] = [new Uint32Array(bytes), new Float32Array(bytes)];
    const records: StepRecord[] = [];
    for (let row = 0; row < this.historyRows; row++) {
      const at = (row * this.recordBytes) / 4;
      const lrAt = at + recordHeaderWords;
      if (words[at] === 0xffffffff) continue;
      records.push({
        step: words[at]!,
        lr: [...floats.subarray(lrAt, lrAt + this.groupCount)],
        gradNorm: floats[at + 1]!,
        clipScale: floats[at + 2]!,
        clipped: words[at + 3] === 1,
        lossScale: floats[at + 4]!,
      });
    }
    return records.sort((a, b) => a.step - b.step);
  }

  dispose(): void {
    this.disposed = true;
    for (const { buffer } of [this.group_of, this.steps, this.hyper, this.control, this.history]) buffer.release();
  }
}
