// What a captured step is fed: host arrays, numbers and tensors in objects and lists, as tensors that stay in place.
import { UsageError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { checkShape, formatShape, sizeOf, type Shape } from "../shape.js";
import { storedBytes, type DType } from "../tensor/dtype.js";
import { isGradEnabled } from "../tensor/tape.js";
import { Tensor } from "../tensor/tensor.js";

type Path = readonly (string | number)[];

/** Every adapter lets a storage binding begin at multiples of this. */
const alignBytes = 256;

export type HostArray = Float32Array | Int32Array | Uint32Array;
/** What a call takes where the captured function takes T: for each tensor a tensor, a host array or a number; arrays may have their `shape` beside them. */
export type FeedFor<T> = T extends Tensor
  ? Tensor | HostArray | number
  : T extends readonly unknown[]
    ? { [I in keyof T]: FeedFor<T[I]> }
    : { [Name in keyof T]: FeedFor<T[Name]> } & { readonly shape?: Shape };

/** One tensor that is fed, and where its values come from in a call. */
interface Leaf {
  path: Path;
  shape: Shape;
  dtype: DType;
}

interface FoundLeaf extends Leaf {
  value: Tensor | HostArray | number;
}

/** Shapes and types of everything fed: calls with the same one share a recording, unless one of them records no tape. */
export function signatureOf(leaves: readonly Leaf[]): string {
  const fed = leaves.map(({ path, shape, dtype }) => `${path.join(".")}:${dtype}${formatShape(shape)}`).join(" ");
  return isGradEnabled() ? fed : `${fed} under noGrad`;
}

/** Throws UsageError for what cannot be fed. */
export function leavesOf(feed: unknown): FoundLeaf[] {
  const found: FoundLeaf[] = [];
  collect(feed, [], null, found);
  // The order in which an object's fields were written makes no other recording.
  return found.sort((a, b) => (a.path.join(".") < b.path.join(".") ? -1 : 1));
}

function collect(value: unknown, path: Path, shape: Shape | null, found: FoundLeaf[]): void {
  const where = path.length === 0 ? "the input" : `input ${path.join(".")}`;
  if (value instanceof Tensor) found.push({ path, shape: value.shape, dtype: value.dtype, value });
  else if (typeof value === "number") found.push({ path, shape: [], dtype: "f32", value });
  else if (isHostArray(value)) {
    const own = shape ?? [value.length];
    if (sizeOf(own) !== value.length) {
      throw new UsageError(`capture: ${where} does not have the shape beside it, got ${value.length} values for ${formatShape(own)}`);
    }
    found.push({ path, shape: own, dtype: dtypeOf(value), value });
  } else if (Array.isArray(value)) value.forEach((part, i) => collect(part, [...path, i], null, found));
  else if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) collectFields(value, path, found);
  else if (value !== undefined) {
    throw new UsageError(`capture: ${where} must be a tensor, a Float32Array, Int32Array or Uint32Array, a number, or a list or object of them, got ${describe(value)}`);
  }
}

/** A `shape` beside host arrays is theirs: that is what a batch of `data` looks like. */
function collectFields(value: object, path: Path, found: FoundLeaf[]): void {
  const { shape, ...rest } = value as Record<string, unknown>;
  const isShape = Array.isArray(shape) && Object.values(rest).some(isHostArray);
  if (isShape) checkShape("capture", shape as number[]);
  for (const [name, part] of Object.entries(isShape ? rest : value)) collect(part, [...path, name], isShape ? (shape as number[]) : null, found);
}

/** The tensors of one recording. They lie in one buffer, so that a call writes once. */
export class Inputs {
  private readonly tensors: readonly Tensor[];
  private readonly paths: readonly Path[];
  private readonly staging: Uint8Array;

  constructor(
    private readonly device: Device,
    leaves: readonly FoundLeaf[],
  ) {
    const sizes = leaves.map(({ shape, dtype }) => Math.ceil(storedBytes(dtype, sizeOf(shape)) / alignBytes) * alignBytes);
    this.staging = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
    const memory = device.acquire(this.staging.byteLength, "captured inputs");
    let offset_bytes = 0;
    this.tensors = leaves.map(({ shape, dtype }, i) => {
      const tensor = new Tensor(device, shape, dtype, memory.retain(), offset_bytes);
      offset_bytes += sizes[i]!;
      return tensor;
    });
    memory.release();
    this.paths = leaves.map(({ path }) => path);
  }

  /** As the function sees them: handles of its own, which it may dispose. */
  open(): unknown {
    let root: unknown = undefined;
    this.paths.forEach((path, i) => (root = placed(root, path, this.tensors[i]!.detach())));
    return root;
  }

  /** Puts the values of a call with the same signature into place, before what is launched next. */
  write(leaves: readonly FoundLeaf[]): void {
    const { device, tensors, staging } = this;
    let written = false;
    leaves.forEach(({ value }, i) => {
      if (value instanceof Tensor) return;
      const array = typeof value === "number" ? Float32Array.of(value) : value;
      staging.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), tensors[i]!.buffer.offset_bytes);
      written ||= array.length > 0;
    });
    if (written) device.queue.write({ buffer: tensors[0]!.memory, offset_bytes: 0, size_bytes: staging.byteLength }, staging);
    leaves.forEach(({ value, path }, i) => {
      if (!(value instanceof Tensor) || value.size === 0) return;
      if (value.device !== device) throw new UsageError(`capture: input ${path.join(".")} lives on another device; move it with data() and fromArray()`);
      device.queue.copy(value.buffer, tensors[i]!.buffer);
    });
  }

  dispose(): void {
    for (const tensor of this.tensors) tensor.dispose();
  }
}

function placed(root: unknown, [step, ...rest]: Path, tensor: Tensor): unknown {
  if (step === undefined) return tensor;
  const container = (root ?? (typeof step === "number" ? [] : {})) as Record<string | number, unknown>;
  container[step] = placed(container[step], rest, tensor);
  return container;
}

function isHostArray(value: unknown): value is HostArray {
  return value instanceof Float32Array || value instanceof Int32Array || value instanceof Uint32Array;
}

function dtypeOf(array: HostArray): DType {
  return array instanceof Float32Array ? "f32" : array instanceof Int32Array ? "i32" : "u32";
}

function describe(value: unknown): string {
  return typeof value === "object" ? (value?.constructor?.name ?? "null") : typeof value;
}
