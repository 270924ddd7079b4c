// Transposed copies of the matrices in one buffer: a software adapter reads a weight [out, in] badly in y = x Wᵀ. All
// are made by one launch, when the first is asked for after the buffer changed.
import transposeMatricesShader from "../../shaders/transpose_matrices.wgsl";
import type { PoolBuffer, Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import { batchesOf, type MatmulLayout } from "./matmul_layout.js";
import { subgroupLanes } from "./matmul_choice.js";

export interface Matrix {
  offset_bytes: number;
  rows: number;
  cols: number;
}

const ofBuffer = new WeakMap<PoolBuffer, TransposedMatrices>();

/** Slices may begin there on every adapter. */
const alignment_bytes = 256;

const perWorkgroup = 64;

interface Place extends Matrix {
  /** Elements from a row of the transpose to the next. */
  stride: number;
  /** Elements before the transpose. */
  at: number;
}

/** Belongs to a buffer of parameters, and ends with it. */
export class TransposedMatrices {
  private readonly places: Place[] = [];
  private readonly byOffset = new Map<number, Place>();
  private readonly table: Uint32Array;
  private readonly blocks: number;
  private readonly size_bytes: number;
  private memory: PoolBuffer | null = null;
  /** What the copies were made of: the buffer's version, and the recording that holds the launch. */
  private version = -1;
  private recording: unknown = null;

  /** For the matrices of `source`, f32 or halves, where the adapter gains by it. */
  static attach(device: Device, source: PoolBuffer, matrices: readonly Matrix[], halves = false): TransposedMatrices | null {
    if (device.adapter.class !== "cpu" || (subgroupLanes(device) ?? 8) < 8 || matrices.length === 0) return null;
    return new TransposedMatrices(device, source, matrices, halves);
  }

  private constructor(
    private readonly device: Device,
    private readonly source: PoolBuffer,
    matrices: readonly Matrix[],
    private readonly halves: boolean,
  ) {
    let blocks = 0;
    let at = 0;
    const rows: number[] = [];
    for (const matrix of matrices) {
      const stride = Math.ceil(matrix.rows / 4) * 4;
      const place = { ...matrix, stride, at };
      this.places.push(place);
      this.byOffset.set(matrix.offset_bytes, place);
      rows.push(blocks, matrix.rows, matrix.cols, matrix.offset_bytes / this.bytes, at);
      blocks += (stride / 4) * Math.ceil(matrix.cols / 4);
      const alignment = alignment_bytes / this.bytes;
      at += Math.ceil((stride * matrix.cols) / alignment) * alignment;
    }
    this.table = Uint32Array.from(rows);
    this.blocks = blocks;
    this.size_bytes = at * this.bytes;
    ofBuffer.set(source, this);
  }

  /** The place of a [rows, cols] matrix at that offset. */
  find(offset_bytes: number, rows: number, cols: number): Place | null {
    const place = this.byOffset.get(offset_bytes);
    return place && place.rows === rows && place.cols === cols ? place : null;
  }

  /** Rows of the transpose, made anew where the source has changed. */
  rowsOf(place: Place): Slice {
    const { recording } = this.device.queue;
    if (this.version !== this.source.version || this.recording !== recording) this.transpose();
    this.version = this.source.version;
    this.recording = recording;
    return this.slice(this.memory!, place.at * this.bytes, place.stride * place.cols * this.bytes);
  }

  /** An element's. */
  private get bytes(): number {
    return this.halves ? 2 : 4;
  }

  private slice(buffer: PoolBuffer, offset_bytes: number, size_bytes: number): Slice {
    return { buffer, offset_bytes, size_bytes, ...(this.halves && { half: true }) };
  }

  dispose(): void {
    ofBuffer.delete(this.source);
    this.memory?.release();
    this.memory = null;
  }

  private transpose(): void {
    // From the pool, also while a step is recorded: it outlives the recording.
    this.memory ??= this.device.pool.acquire(this.size_bytes, "transposed weights");
    launch(this.device, transposeMatricesShader, {
      buffers: {
        x: this.slice(this.source, 0, this.source.size_bytes),
        table: this.device.constant(this.table),
        y: this.slice(this.memory, 0, this.size_bytes),
      },
      params: { blocks: this.blocks, matrices: this.places.length },
      workgroups: workgroupsFor(this.blocks, perWorkgroup),
    });
  }
}

/** Whether a transposed copy of b can be had. Launches nothing. */
export function isTransposable(b: Slice, layout: MatmulLayout): boolean {
  return placeOf(b, layout) !== null;
}

/** b in rows, padded to `stride`; null where nobody keeps a transposed copy. */
export function transposedRows(b: Slice, layout: MatmulLayout): { rows: Slice; stride: number } | null {
  const place = placeOf(b, layout);
  return place && { rows: ofBuffer.get(b.buffer)!.rowsOf(place), stride: place.stride };
}

function placeOf(b: Slice, layout: MatmulLayout): Place | null {
  const { n, k, bRow, bCol } = layout;
  if (bRow !== 1 || bCol !== k || batchesOf(layout) !== 1) return null;
  return ofBuffer.get(b.buffer)?.find(b.offset_bytes, n, k) ?? null;
}
