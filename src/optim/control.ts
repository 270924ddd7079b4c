// The control block and the small buffers around it: what lets a step decide on the GPU what it does.
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { controlHeaderBytes, groupBytes, hyperBytes } from "../kernels/optim.js";
import type { Cell } from "./step_table.js";

/** The counters of `struct Control` in shaders/optimizer_finalise.wgsl. */
export interface Counters {
  step: number;
  skipped: number;
  clipped: number;
}

export interface ControlReading extends Counters {
  /** A step found no row in the step table since this was last read. */
  rowMissed: boolean;
  gradNorm: number;
  clipScale: number;
  lr: number[];
}

/** A group's numbers that do not change with the step. */
export interface GroupConstants {
  options: Cell;
  betas: readonly [number, number];
}

const inactive = 0xffffffff;
const rowMissedFlag = 2;
const flagsOffset_bytes = 12;

export class ControlBlock {
  readonly groups: Slice;
  readonly group_of: Slice;
  readonly steps: Slice;
  readonly hyper: Slice;
  readonly control: Slice;

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
    this.groups = acquire(groupCount * groupBytes, "groups");
    this.group_of = acquire(groupOf.length * 4, "group_of");
    this.steps = acquire(groupOf.length * 4, "steps");
    this.hyper = acquire(groupOf.length * hyperBytes, "hyper");
    this.control = acquire(controlHeaderBytes + groupCount * 4, "control");
  }

  /** Which parameters take part in the next step. */
  writeActive(active: readonly boolean[]): void {
    const groups = Uint32Array.from(this.groupOf, (group, i) => (active[i] ? group : inactive));
    this.device.queue.write(this.group_of, groups);
  }

  /** Powers of the betas in float64: 1 - beta^(2^k), from which the kernel composes 1 - beta^t for any t. */
  writeGroups(constants: readonly GroupConstants[]): void {
    const data = new Float32Array(constants.length * (groupBytes / 4));
    constants.forEach(({ options, betas }, group) => {
      const start = group * (groupBytes / 4);
      data.set(options, start);
      for (let k = 0; k < 32; k++) {
        betas.forEach((beta, i) => (data[start + 4 + 2 * k + i] = beta === 0 ? 1 : -Math.expm1(2 ** k * Math.log(beta))));
      }
    });
    this.device.queue.write(this.groups, data);
  }

  writeCounters({ step, skipped, clipped }: Counters, parameterSteps: readonly number[], lr: readonly number[]): void {
    const bytes = new ArrayBuffer(this.control.size_bytes);
    new Uint32Array(bytes).set([step, skipped, clipped]);
    new Float32Array(bytes, 20, 1)[0] = 1;
    new Float32Array(bytes, controlHeaderBytes).set(lr);
    this.device.queue.write(this.control, new Uint8Array(bytes));
    this.device.queue.write(this.steps, Uint32Array.from(parameterSteps));
  }

  /** Once everything launched so far has run. Forgets a missed row. */
  async read(): Promise<ControlReading> {
    const bytes = await this.device.read(this.control);
    const [step, skipped, clipped, flags] = new Uint32Array(bytes) as unknown as [number, number, number, number];
    const floats = new Float32Array(bytes);
    const rowMissed = (flags & rowMissedFlag) !== 0;
    if (rowMissed && !this.control.buffer.released) {
      const { buffer } = this.control;
      this.device.queue.write({ buffer, offset_bytes: flagsOffset_bytes, size_bytes: 4 }, new Uint32Array(1));
    }
    const lr = [...floats.subarray(controlHeaderBytes / 4, controlHeaderBytes / 4 + this.groupCount)];
    return { step, skipped, clipped, rowMissed, gradNorm: floats[4]!, clipScale: floats[5]!, lr };
  }

  async readSteps(): Promise<number[]> {
    return [...new Uint32Array(await this.device.read(this.steps))];
  }

  dispose(): void {
    for (const { buffer } of [this.groups, this.group_of, this.steps, this.hyper, this.control]) buffer.release();
  }
}
