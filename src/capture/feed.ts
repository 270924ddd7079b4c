// What a captured step is fed: host arrays, numbers and tensors, in objects and lists.
import { DisposedError, UsageError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { checkShape, formatShape, sizeOf, type Shape } from "../shape.js";
import type { DType } from "../tensor/dtype.js";
import { isGradEnabled } from "../tensor/tape.js";
import { Tensor } from "../tensor/tensor.js";

export type Path = readonly (string | number)[];

/** Numbers on the host, as a tensor's memory holds them. */
export type HostArray = Float32Array | Int32Array | Uint32Array;
/** What a call takes where the captured function takes T: for each tensor a tensor, a host array or a number; arrays may have their `shape` beside them. */
export type FeedFor<T> = T extends Tensor
  ? Tensor | HostArray | number
  : T extends readonly unknown[]
    ? { [I in keyof T]: FeedFor<T[I]> }
    : { [Name in keyof T]: FeedFor<T[Name]> } & { readonly shape?: Shape };

/** One tensor that is fed, and where its values come from in a call. */
export interface Leaf {
  path: Path;
  /** The path as JavaScript would write it: no two have the same. */
  name: string;
  shape: Shape;
  dtype: DType;
  value: Tensor | HostArray | number;
}

/** Shapes and types of everything fed: calls with the same one share a recording, unless one of them records no tape. */
export function signatureOf(leaves: readonly Leaf[]): string {
  const fed = leaves.map(({ name, shape, dtype }) => `${name}:${dtype}${formatShape(shape)}`).join(" ");
  return isGradEnabled() ? fed : `${fed} under noGrad`;
}

/** Throws UsageError for what cannot be fed, DisposedError for a tensor that is gone: before anything is changed. */
export function leavesOf(feed: unknown, device: Device): Leaf[] {
  const found: Leaf[] = [];
  collect(feed, [], null, found);
  for (const { name, value } of found) if (value instanceof Tensor) checkTensor(name === "" ? "the input" : `input ${name}`, value, device);
  // The order in which an object's fields were written makes no other recording.
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function checkTensor(where: string, tensor: Tensor, device: Device): void {
  if (tensor.isDisposed) throw new DisposedError(`capture: ${where}, a tensor ${tensor.describe()}, is used after dispose()`);
  if (tensor.device !== device) throw new UsageError(`capture: ${where} lives on another device; move it with data() and fromArray()`);
  if (tensor.requiresGrad && isGradEnabled()) {
    throw new UsageError(`capture: ${where} requires a gradient, and inputs are copies that pass none on; feed its detach(), or let the function use the tensor itself`);
  }
}

function collect(value: unknown, path: Path, shape: Shape | null, found: Leaf[]): void {
  const name = nameOf(path);
  const where = path.length === 0 ? "the input" : `input ${name}`;
  if (value instanceof Tensor) found.push({ path, name, shape: value.shape, dtype: value.dtype, value });
  else if (typeof value === "number") found.push({ path, name, shape: [], dtype: "f32", value });
  else if (isHostArray(value)) {
    // A copy: the caller may go on using the list.
    const own = [...(shape ?? [value.length])];
    if (sizeOf(own) !== value.length) {
      throw new UsageError(`capture: ${where} does not have the shape beside it, got ${value.length} values for ${formatShape(own)}`);
    }
    found.push({ path, name, shape: own, dtype: dtypeOf(value), value });
  } else if (Array.isArray(value) || isPlainObject(value)) {
    const before = found.length;
    if (Array.isArray(value)) value.forEach((part, i) => collect(part, [...path, i], null, found));
    else collectFields(value, path, found);
    if (found.length === before) throw new UsageError(`capture: ${where} is ${Array.isArray(value) ? "a list" : "an object"} without a tensor in it; leave it out`);
  } else if (value !== undefined) {
    throw new UsageError(`capture: ${where} must be a tensor, a Float32Array, Int32Array or Uint32Array, a number, or a list or object of them, got ${describe(value)}`);
  }
}

/** A `shape` beside host arrays is theirs: that is what a batch of `data` looks like. */
function collectFields(value: object, path: Path, found: Leaf[]): void {
  const { shape, ...rest } = value as Record<string, unknown>;
  const isShape = Array.isArray(shape) && Object.values(rest).some(isHostArray);
  if (isShape) checkShape("capture", shape as number[]);
  for (const [name, part] of Object.entries(isShape ? rest : value)) collect(part, [...path, name], isShape ? (shape as number[]) : null, found);
}

function nameOf(path: Path): string {
  const steps = path.map((step) => (typeof step === "number" || !/^[\w$]+$/.test(step) ? `[${JSON.stringify(step)}]` : `.${step}`));
  return steps.join("").replace(/^\./, "");
}

function isHostArray(value: unknown): value is HostArray {
  return value instanceof Float32Array || value instanceof Int32Array || value instanceof Uint32Array;
}

function isPlainObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);
}

function dtypeOf(array: HostArray): DType {
  return array instanceof Float32Array ? "f32" : array instanceof Int32Array ? "i32" : "u32";
}

function describe(value: unknown): string {
  return typeof value === "object" ? (value?.constructor?.name ?? "null") : typeof value;
}
