// The step table: for each of the next steps and each group, what the schedules say. The GPU's counter picks the row.
import type { PoolBuffer, Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { tableBytes, tableCells } from "../kernels/optim.js";

/** Learning rate and three more numbers that an algorithm may change with the step. */
export type Cell = readonly [number, number, number, number];

/** Rows after a change by hand: someone who sets the rate at every step should not pay for a full table each time. */
const rowsAfterChange = 32;

/**
 * A window of rows in one uniform buffer. The host knows the counter between two bounds (see StepCounter), and the
 * window holds them both where it can: then every row is right. Where they lie further apart than the table is long,
 * it holds the upper half: right unless more than half a table of steps were skipped since the counter was last
 * read, and then the GPU finds no row, skips the step and says so. A wrong row is never used.
 */
export class StepTable {
  /** Rows that fit. */
  readonly capacity: number;
  private readonly buffer: PoolBuffer;
  private readonly cells = new Float32Array(tableCells * 4);
  private first = 0;
  private rows = 0;
  private ahead = Infinity;

  constructor(
    private readonly device: Device,
    private readonly groups: number,
    /** Throws where a schedule gives a number that cannot be used. */
    private readonly cell: (group: number, step: number) => Cell,
  ) {
    this.capacity = 2 ** Math.floor(Math.log2(tableCells / groups));
    this.evaluate(0, this.capacity);
    this.buffer = device.acquire(tableBytes, "optimizer step table");
    this.write(0, this.capacity);
  }

  get slice(): Slice {
    return { buffer: this.buffer, offset_bytes: 0, size_bytes: tableBytes };
  }

  /** The rows that the table holds now. */
  get window(): { first_row: number; rows: number } {
    return { first_row: this.first, rows: this.rows };
  }

  /** Rewrites the rows still ahead before the next step. Steps already launched keep theirs. */
  invalidate(): void {
    this.rows = 0;
    this.ahead = rowsAfterChange;
  }

  /** Makes the window fit the counter's bounds. True when it wrote. */
  prepare(lowest: number, highest: number): boolean {
    const first = highest - lowest < this.capacity ? lowest : highest - this.capacity / 2;
    const held = this.first <= first && highest < this.first + this.rows;
    if (held) return false;
    const rows = Math.min(this.capacity, highest - first + this.ahead);
    this.ahead *= 2;
    this.evaluate(first, rows);
    this.write(first, rows);
    return true;
  }

  dispose(): void {
    this.buffer.release();
  }

  private evaluate(first: number, rows: number): void {
    for (let row = 0, at = 0; row < rows; row++) {
      for (let group = 0; group < this.groups; group++, at += 4) this.cells.set(this.cell(group, first + row), at);
    }
  }

  private write(first: number, rows: number): void {
    this.device.queue.write(this.slice, this.cells, 0, rows * this.groups * 16);
    this.first = first;
    this.rows = rows;
  }
}
