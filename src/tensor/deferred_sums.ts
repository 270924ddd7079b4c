// Partial sums of gradients, added up together at the end of a backward pass: one launch instead of one for each.
import type { PoolBuffer, Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { partialSums, type PartialSum } from "../kernels/partial_sums.js";
import { sizeOf, type Shape } from "../shape.js";
import { Tensor } from "./tensor.js";

/** Partials share buffers of at least this size, because one launch reads one. */
const pieceBytes = 2 ** 20;
const alignBytes = 256;

interface Piece {
  buffer: PoolBuffer;
  used_bytes: number;
  /** By the buffer that the sums go to. */
  sums: Map<PoolBuffer, PartialSum[]>;
}

export class DeferredSums {
  private readonly pieces: Piece[] = [];
  /** Offsets of the targets that wait for their sums, by buffer. */
  private readonly pending = new Map<PoolBuffer, Set<number>>();

  /** Memory [chunks, ...shape], whose sum over the chunks `settle` writes to `target`. */
  partials(device: Device, chunks: number, shape: Shape, target: Tensor): Tensor {
    const size = sizeOf(shape);
    const { piece, offset_bytes } = this.place(device, chunks * size * 4);
    const { buffer, offset_bytes: target_bytes } = target.buffer;
    const sums = piece.sums.get(buffer) ?? [];
    sums.push({ start: offset_bytes / 4, chunks, size, target: target_bytes / 4 });
    piece.sums.set(buffer, sums);
    const offsets = this.pending.get(buffer) ?? new Set();
    this.pending.set(buffer, offsets.add(target_bytes));
    return new Tensor(device, [chunks, ...shape], "f32", piece.buffer.retain(), offset_bytes);
  }

  /** True while a gradient in this memory still waits for its sum. */
  isPending({ buffer, offset_bytes }: Slice): boolean {
    return this.pending.get(buffer)?.has(offset_bytes) === true;
  }

  /** Launches what is pending. */
  settle(device: Device): void {
    for (const { buffer, used_bytes, sums } of this.pieces) {
      for (const [target, list] of sums) {
        partialSums(device, { partials: { buffer, offset_bytes: 0, size_bytes: used_bytes }, y: { buffer: target, offset_bytes: 0, size_bytes: target.size_bytes } }, list);
      }
    }
    this.release();
  }

  /** Gives the memory back. */
  release(): void {
    for (const { buffer } of this.pieces) buffer.release();
    this.pieces.length = 0;
    this.pending.clear();
  }

  private place(device: Device, size_bytes: number): { piece: Piece; offset_bytes: number } {
    const needed = Math.ceil(size_bytes / alignBytes) * alignBytes;
    let piece = this.pieces.at(-1);
    if (!piece || piece.used_bytes + needed > piece.buffer.size_bytes) {
      piece = { buffer: device.acquire(Math.max(pieceBytes, needed), "partial sums of gradients"), used_bytes: 0, sums: new Map() };
      this.pieces.push(piece);
    }
    const offset_bytes = piece.used_bytes;
    piece.used_bytes += needed;
    return { piece, offset_bytes };
  }
}
