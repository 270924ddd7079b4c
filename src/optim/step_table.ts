// The step table: for each of the next steps, what the schedules say. The GPU's counter picks the row.
import type { PoolBuffer, Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { tableBytes, tableVec4s } from "../kernels/optim.js";
import type { GroupCell } from "./param_group.js";

/** Rows after a change by hand: someone who sets the rate at every step should not pay for a full table each time. */
const rowsAfterChange = 32;
/** A step reads its row and the next one's scalars; refilling pays when there are many. */
const leastRows = 4;
/** Rows of a table that cannot forgive many skipped steps. */
const shortTable = 256;
/** ln 0, as a number whose every multiple is finite and whose exponential is 0. */
const logOfZero = -1000;

/** What the table asks for one step. Each throws UsageError where a schedule gives a number that cannot be used. */
export interface RowSource {
  readonly groups: number;
  /** 0 for none. */
  clip(t: number): { norm: number; value: number };
  /** 1 - decay of the averaged weights. */
  emaRate(t: number): number;
  group(group: number, t: number): GroupCell;
  scalars(t: number): readonly number[];
}

/**
 * A window of rows in one uniform buffer. The host knows the counter between two bounds (see StepCounter), and the
 * window holds them both where it can: then every row is right. Where they lie further apart than the table is long,
 * it holds the upper half: right unless more than half a table of steps were skipped since the counter was last
 * read, and then the GPU finds no row, skips the step and says so. A wrong row is never used.
 */
export class StepTable {
  private readonly buffer: PoolBuffer;
  private readonly data = new ArrayBuffer(tableBytes);
  private readonly words = new Uint32Array(this.data);
  private readonly floats = new Float32Array(this.data);
  private vec4s: number;
  private first = 0;
  private rows = 0;
  private ahead = Infinity;

  /** The most groups that leave room for a few rows. */
  static readonly maxGroups = Math.floor((tableVec4s / leastRows - 1) / 2);

  constructor(
    private readonly device: Device,
    private readonly source: RowSource,
  ) {
    this.vec4s = rowVec4s(source.groups, 0);
    this.evaluate(0, this.capacity);
    this.buffer = device.acquire(tableBytes, "optimizer step table");
    this.write(0, this.capacity);
  }

  get slice(): Slice {
    return { buffer: this.buffer, offset_bytes: 0, size_bytes: tableBytes };
  }

  /** Rows that fit. */
  get capacity(): number {
    return Math.floor(tableVec4s / this.vec4s);
  }

  /**
   * Steps after which the counter should be read: well before the window ends where it is short. A long window forgives
   * hundreds of skipped steps, and a loop that never awaits is left alone for thousands; one that changes options at
   * every step is not, because each change rewrites a row for every step in doubt.
   */
  get unreadSteps(): number {
    if (this.rows === 0) return Math.min(rowsAfterChange, this.capacity / 4);
    return this.capacity < shortTable ? this.capacity / 4 : 4 * this.capacity;
  }

  get row_vec4s(): number {
    return this.vec4s;
  }

  /** Whether rows with so many scalars leave room for a few of them. */
  fits(scalars: number): boolean {
    return tableVec4s / rowVec4s(this.source.groups, scalars) >= leastRows;
  }

  /** Makes rows with so many scalars. */
  resize(scalars: number): void {
    this.vec4s = rowVec4s(this.source.groups, scalars);
    this.invalidate();
  }

  /** Rewrites the rows still ahead before the next step. Steps already launched keep theirs. */
  invalidate(): void {
    this.rows = 0;
    this.ahead = rowsAfterChange;
  }

  /** Makes the window fit the counter's bounds and the step after them. */
  prepare(lowest: number, highest: number): void {
    const first = this.firstFor(lowest, highest);
    const held = this.first <= first && highest + 1 < this.first + this.rows;
    if (held) return;
    const rows = Math.min(this.capacity, highest + 1 - first + this.ahead);
    this.ahead *= 2;
    this.evaluate(first, rows);
    this.write(first, rows);
  }

  /** The steps that a change by hand asks for, so that they can be checked before it is made. */
  stepsAfterChange(lowest: number, highest: number): number[] {
    const first = this.firstFor(lowest, highest);
    return Array.from({ length: Math.min(this.capacity, highest + 1 - first + rowsAfterChange) }, (_, row) => first + row);
  }

  dispose(): void {
    this.buffer.release();
  }

  private firstFor(lowest: number, highest: number): number {
    return highest + 1 - lowest < this.capacity ? lowest : highest + 1 - Math.floor(this.capacity / 2);
  }

  private evaluate(first: number, rows: number): void {
    const { source, floats, vec4s } = this;
    for (let row = 0; row < rows; row++) {
      const t = first + row;
      let at = 4 * (1 + row * vec4s);
      const { norm, value } = source.clip(t);
      floats.set([norm, value, source.emaRate(t), 0], at);
      for (let group = 0; group < source.groups; group++) {
        const { lr, weightDecay, own, betas, flags } = source.group(group, t);
        floats.set([lr, weightDecay, logOf(betas[0]), logOf(betas[1]), ...own, flags], (at += group === 0 ? 4 : 8));
      }
      floats.set(source.scalars(t), at + 8);
    }
  }

  private write(first: number, rows: number): void {
    this.words.set([first, rows]);
    this.device.queue.write(this.slice, this.floats, 0, 16 * (1 + rows * this.vec4s));
    this.first = first;
    this.rows = rows;
  }
}

/** Clipping and averaging; two for each group; the scalars. */
function rowVec4s(groups: number, scalars: number): number {
  return 1 + 2 * groups + Math.ceil(scalars / 4);
}

function logOf(beta: number): number {
  return beta === 0 ? logOfZero : Math.log(beta);
}
