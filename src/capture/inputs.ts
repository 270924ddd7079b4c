// The inputs of one recording: tensors that stay in place, and are written before each run.
import type { PoolBuffer, Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { sizeOf } from "../shape.js";
import { storedBytes } from "../tensor/dtype.js";
import { Tensor } from "../tensor/tensor.js";
import type { Leaf, Path } from "./feed.js";

/** Every adapter lets a storage binding begin at multiples of this. */
const alignBytes = 256;

/** Inputs that lie in one buffer, so that a call writes once. */
interface Piece {
  memory: PoolBuffer;
  size_bytes: number;
  /** As the host writes them; null until it does. */
  staging: Uint8Array | null;
}

/** The tensors of one recording. */
export class Inputs {
  private readonly pieces: readonly Piece[];
  private readonly tensors: readonly Tensor[];
  private readonly paths: readonly Path[];

  constructor(
    private readonly device: Device,
    leaves: readonly Leaf[],
  ) {
    const { pieces, places } = layOut(leaves, device);
    this.pieces = pieces;
    this.tensors = leaves.map(({ shape, dtype }, i) => {
      const { piece, offset_bytes } = places[i]!;
      return new Tensor(device, shape, dtype, piece.memory.retain(), offset_bytes);
    });
    for (const { memory } of pieces) memory.release();
    this.paths = leaves.map(({ path }) => path);
  }

  /** As the function sees them: handles of its own, which it may dispose. */
  open(): unknown {
    let root: unknown = undefined;
    this.paths.forEach((path, i) => (root = placed(root, path, this.tensors[i]!.detach())));
    return root;
  }

  /** Puts the values of a call with the same signature into place, before what is launched next. */
  write(leaves: readonly Leaf[]): void {
    const { queue } = this.device;
    const copies = leaves.flatMap(({ value }, i) => (value instanceof Tensor && value.size > 0 ? [{ source: this.outside(value), target: this.tensors[i]!.buffer }] : []));
    for (const piece of this.pieces) if (this.stage(piece, leaves)) queue.write({ buffer: piece.memory, offset_bytes: 0, size_bytes: piece.size_bytes }, piece.staging!);
    for (const { source, target } of copies) {
      queue.copy(source.slice, target);
      source.release();
    }
  }

  dispose(): void {
    for (const tensor of this.tensors) tensor.dispose();
  }

  /** A fed tensor in other memory than this: a function may return its inputs, and the next call be fed them. */
  private outside({ buffer: slice }: Tensor): { slice: Slice; release(): void } {
    if (!this.pieces.some(({ memory }) => memory === slice.buffer)) return { slice, release: () => {} };
    const copy = this.device.acquire(slice.size_bytes, "captured inputs");
    const copied = { ...slice, buffer: copy, offset_bytes: 0 };
    this.device.queue.copy(slice, copied);
    return { slice: copied, release: () => copy.release() };
  }

  /** Takes over the host's values for one piece; false where there are none. */
  private stage(piece: Piece, leaves: readonly Leaf[]): boolean {
    let staged = false;
    leaves.forEach(({ value }, i) => {
      const { buffer, offset_bytes } = this.tensors[i]!.buffer;
      if (value instanceof Tensor || buffer !== piece.memory) return;
      const array = typeof value === "number" ? Float32Array.of(value) : value;
      if (array.length === 0) return;
      piece.staging ??= new Uint8Array(piece.size_bytes);
      piece.staging.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), offset_bytes);
      staged = true;
    });
    return staged;
  }
}

/** One piece, or more where a binding could not span it. */
function layOut(leaves: readonly Leaf[], device: Device): { pieces: Piece[]; places: { piece: Piece; offset_bytes: number }[] } {
  const groups: { size_bytes: number; offsets: number[] }[] = [];
  for (const { shape, dtype } of leaves) {
    const size_bytes = Math.ceil(storedBytes(dtype, sizeOf(shape)) / alignBytes) * alignBytes;
    let group = groups.at(-1);
    if (!group || group.size_bytes + size_bytes > device.pool.maxBytes) groups.push((group = { size_bytes: 0, offsets: [] }));
    group.offsets.push(group.size_bytes);
    group.size_bytes += size_bytes;
  }
  const pieces = groups.map(({ size_bytes }) => ({ memory: device.acquire(size_bytes, "captured inputs"), size_bytes, staging: null }));
  return { pieces, places: groups.flatMap(({ offsets }, i) => offsets.map((offset_bytes) => ({ piece: pieces[i]!, offset_bytes }))) };
}

function placed(root: unknown, [step, ...rest]: Path, tensor: Tensor): unknown {
  if (step === undefined) return tensor;
  const container = (root ?? (typeof step === "number" ? [] : {})) as Record<string | number, unknown>;
  container[step] = placed(container[step], rest, tensor);
  return container;
}
