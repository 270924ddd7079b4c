// What a captured function returned: the same structure for every call, over memory that each replay writes anew.
import type { PoolBuffer } from "../gpu/buffers.js";
import type { Shape } from "../shape.js";
import type { DType } from "../tensor/dtype.js";
import { Tensor } from "../tensor/tensor.js";

const overwritten = "the next call of the captured step wrote over it; read a result, or copy it, before the next call";

/** A tensor that the function made. */
class Held {
  private readonly shape: Shape;
  private readonly dtype: DType;
  private readonly memory: PoolBuffer;
  private readonly offset_bytes: number;

  constructor(private readonly tensor: Tensor) {
    this.shape = tensor.shape;
    this.dtype = tensor.dtype;
    this.memory = tensor.memory.retain();
    this.offset_bytes = tensor.buffer.offset_bytes;
  }

  open(): Tensor {
    return new Tensor(this.tensor.device, this.shape, this.dtype, this.memory.retain(), this.offset_bytes);
  }

  /** A tape that saved the result of the call before must not be walked. */
  markChanged(): void {
    this.memory.version++;
  }

  release(): void {
    this.memory.release();
  }
}

export class Outputs {
  private readonly tree: unknown;
  private readonly held = new Map<Tensor, Held>();
  private handles: Tensor[] = [];

  /** `isMade` tells the function's own tensors from those that it only passes on. */
  constructor(result: unknown, isMade: (tensor: Tensor) => boolean) {
    this.tree = mapTensors(result, (tensor) => (isMade(tensor) ? this.hold(tensor) : tensor));
    for (const tensor of this.held.keys()) tensor.dispose();
  }

  /** Handles for one call. They are good until the next one. */
  open(): unknown {
    for (const held of this.held.values()) held.markChanged();
    return mapHeld(this.tree, (held) => {
      const tensor = held.open();
      this.handles.push(tensor);
      return tensor;
    });
  }

  /** Ends the handles of the call before. */
  close(): void {
    for (const tensor of this.handles) tensor.dispose(overwritten);
    this.handles = [];
  }

  dispose(): void {
    this.close();
    for (const held of this.held.values()) held.release();
  }

  /** A tensor may be returned in several places. */
  private hold(tensor: Tensor): Held {
    const held = this.held.get(tensor) ?? new Held(tensor);
    this.held.set(tensor, held);
    return held;
  }
}

const mapTensors = (value: unknown, change: (tensor: Tensor) => unknown) => mapTree(value, (part) => (part instanceof Tensor ? { changed: change(part) } : null));
const mapHeld = (value: unknown, change: (held: Held) => unknown) => mapTree(value, (part) => (part instanceof Held ? { changed: change(part) } : null));

/** The same lists and plain objects, with the parts that `change` picks replaced. */
function mapTree(value: unknown, change: (part: unknown) => { changed: unknown } | null): unknown {
  const result = change(value);
  if (result) return result.changed;
  if (Array.isArray(value)) return value.map((part) => mapTree(part, change));
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, mapTree(part, change)]));
  }
  return value;
}
