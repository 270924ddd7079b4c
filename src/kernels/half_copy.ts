// An f16 copy of a buffer of parameters, for products in mixed precision: all of it is made by one launch, when a part is
// first asked for after the buffer changed. The parameters themselves stay f32.
import type { PoolBuffer, Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { mapUnary } from "./map.js";
import { TransposedMatrices, type Matrix } from "./transposed_matrices.js";

const ofBuffer = new WeakMap<PoolBuffer, HalfCopy>();

/** Belongs to a buffer of parameters, and ends with it. Takes no memory until it is asked for something. */
export class HalfCopy {
  private memory: PoolBuffer | null = null;
  private transposed: TransposedMatrices | null = null;
  /** What the copy was made of: the buffer's version, and the recording that holds the launch. */
  private version = -1;
  private recording: unknown = null;

  constructor(
    private readonly device: Device,
    private readonly source: PoolBuffer,
    private readonly size_bytes: number,
    private readonly matrices: readonly Matrix[],
  ) {
    ofBuffer.set(source, this);
  }

  /** The halves of a part of the buffer, made anew where it has changed. */
  of({ offset_bytes, size_bytes }: Slice): Slice {
    const { recording } = this.device.queue;
    if (this.version !== this.source.version || this.recording !== recording) this.convert();
    this.version = this.source.version;
    this.recording = recording;
    return { buffer: this.memory!, offset_bytes: offset_bytes / 2, size_bytes: Math.ceil(size_bytes / 8) * 4, half: true };
  }

  dispose(): void {
    ofBuffer.delete(this.source);
    this.transposed?.dispose();
    this.memory?.release();
    this.memory = null;
  }

  private convert(): void {
    const { device, source, size_bytes, matrices } = this;
    if (!this.memory) {
      // From the pool, also while a step is recorded: it outlives the recording.
      this.memory = device.pool.acquire(size_bytes / 2, "parameters in f16");
      const places = matrices.map((matrix) => ({ ...matrix, offset_bytes: matrix.offset_bytes / 2 }));
      this.transposed = TransposedMatrices.attach(device, this.memory, places, true);
    }
    const y: Slice = { buffer: this.memory, offset_bytes: 0, size_bytes: size_bytes / 2, half: true };
    mapUnary(device, "cast", { x: { buffer: source, offset_bytes: 0, size_bytes }, y }, size_bytes / 4, { Element: "f32", Result: "f32" });
    this.memory.version++;
  }
}

/** The halves of parameters; null where nobody keeps a copy of their buffer. */
export function halfCopyOf(parameters: Slice): Slice | null {
  return ofBuffer.get(parameters.buffer)?.of(parameters) ?? null;
}
