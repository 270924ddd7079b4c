// Tensors from host values.
import { DTypeError, OutOfMemoryError, ShapeError, UsageError } from "../errors.js";
import { Device } from "../gpu/device.js";
import { checkNumber, checkOptions } from "../options.js";
import { checkShape, formatShape, sizeOf, type Shape } from "../shape.js";
import { checkDType, isFloat, requireDTypeOn, storedArray, storedBytes, storedValue, toStored, type DType, type StoredArray } from "../tensor/dtype.js";
import { Generator } from "../tensor/random.js";
import { empty, type Tensor } from "../tensor/tensor.js";

/** Options of tensors made from a shape: `zeros`, `ones` and their like. */
export interface CreationOptions {
  /** f32 by default. */
  dtype?: DType;
  /** Whether `backward` accumulates a gradient here. False by default. */
  requiresGrad?: boolean;
}

/** Options of `fromArray`. */
export interface FromArrayOptions extends CreationOptions {
  /** By default one dimension as long as the values. */
  shape?: Shape;
}

/** Options of the random tensors, `rand` and `randn`. */
export interface RandomOptions {
  requiresGrad?: boolean;
  /** Where the numbers come from: by default a new generator with `seed`. */
  generator?: Generator;
  /** 0 by default. Not together with `generator`. */
  seed?: number;
}

/** Numbers in lists of equal lengths, at any depth. */
export type NestedArray = number | readonly NestedArray[];

const creationKeys = ["dtype", "requiresGrad"];

/**
 * A tensor of the given values, row-major: a flat array with `shape`, or nested arrays.
 *
 * Throws: ShapeError if lengths do not fit, DTypeError for an unknown dtype or a gradient of integers.
 */
export function tensor(device: Device, values: NestedArray | ArrayLike<number>, options: FromArrayOptions = {}): Tensor {
  if (typeof values === "number") return fromArray(device, [values], { shape: [], ...options });
  if (!Array.isArray(values) || !values.some(Array.isArray)) return fromArray(device, values as ArrayLike<number>, options);
  const shape = nestedShape(values);
  const flat = (values as unknown[]).flat(Infinity) as number[];
  if (!hasShape(values, shape)) throw new ShapeError(`tensor: nested arrays are ragged, got ${flat.length} values where ${formatShape(shape)} was begun`);
  return fromArray(device, flat, { shape, ...options });
}

function nestedShape(values: NestedArray): number[] {
  const shape: number[] = [];
  for (let level: NestedArray | undefined = values; Array.isArray(level); level = level[0] as NestedArray) shape.push(level.length);
  return shape;
}

/** Lengths at every level: [[1, 2], [3, 4, 5], [6]] has as many values as [3, 2]. */
function hasShape(values: unknown, [extent, ...inner]: readonly number[]): boolean {
  if (extent === undefined) return typeof values === "number";
  return Array.isArray(values) && values.length === extent && values.every((value) => hasShape(value, inner));
}

/** A tensor of a flat array's values. */
export function fromArray(device: Device, values: ArrayLike<number>, options: FromArrayOptions = {}): Tensor {
  checkOptions("fromArray", options, ["shape", ...creationKeys]);
  if (typeof values !== "object" || values === null || typeof values.length !== "number") {
    throw new UsageError(`fromArray: values must be an array of numbers, got ${values === null ? "null" : typeof values}`);
  }
  const shape = options.shape ?? [values.length];
  const dtype = options.dtype ?? "f32";
  checkShape("fromArray", shape);
  checkDType("fromArray", dtype);
  if (sizeOf(shape) !== values.length) {
    throw new ShapeError(`fromArray: lengths differ, got ${values.length} values for shape ${formatShape(shape)}`);
  }
  checkFits("fromArray", device, dtype, values.length);
  return upload(device, shape, dtype, toStored(dtype, values), options.requiresGrad);
}

/** Throws what `empty` would, before the host makes its array: one of that length may not even exist. */
function checkFits(where: string, device: Device, dtype: DType, count: number): void {
  if (!(device instanceof Device)) throw new UsageError(`${where}: the first argument must be a device, got ${device === null ? "null" : typeof device}; open one with openDevice()`);
  requireDTypeOn(device, where, dtype);
  const bytes = storedBytes(dtype, count);
  if (bytes > device.pool.maxBytes) throw new OutOfMemoryError(`${where}: a tensor of ${bytes} bytes is over the adapter's limit of ${device.pool.maxBytes} bytes a binding; use a smaller shape`);
}

function hostArray(where: string, device: Device, dtype: DType, count: number): StoredArray {
  checkFits(where, device, dtype, count);
  return storedArray(dtype, count);
}

function upload(device: Device, shape: Shape, dtype: DType, array: StoredArray, requiresGrad = false): Tensor {
  if (requiresGrad && !isFloat(dtype)) throw new DTypeError(`requiresGrad: only f32 and f16 tensors have gradients, got ${dtype}`);
  const out = empty(device, shape, dtype);
  if (array.length > 0) device.queue.write(out.buffer, array);
  return out.setRequiresGrad(requiresGrad);
}

/** Every element `value`. */
export function full(device: Device, shape: Shape, value: number, options: CreationOptions = {}): Tensor {
  checkOptions("full", options, creationKeys);
  checkShape("full", shape);
  const dtype = options.dtype ?? "f32";
  checkDType("full", dtype);
  if (typeof value !== "number") throw new UsageError(`full: value must be a number, got ${typeof value}`);
  return upload(device, shape, dtype, hostArray("full", device, dtype, sizeOf(shape)).fill(storedValue(dtype, value)), options.requiresGrad);
}

/** Every element 0. */
export function zeros(device: Device, shape: Shape, options: CreationOptions = {}): Tensor {
  return full(device, shape, 0, options);
}

/** Every element 1. */
export function ones(device: Device, shape: Shape, options: CreationOptions = {}): Tensor {
  return full(device, shape, 1, options);
}

/** Options of `arange`. */
export interface ArangeOptions extends CreationOptions {
  start?: number;
  step?: number;
}

/** start, start + step, ... below `end` (above it for a negative step). f32 unless said otherwise. */
export function arange(device: Device, end: number, options: ArangeOptions = {}): Tensor {
  checkOptions("arange", options, ["start", "step", ...creationKeys]);
  const { start = 0, step = 1, dtype = "f32" } = options;
  checkNumber("arange", "end", end);
  checkNumber("arange", "start", start);
  if (checkNumber("arange", "step", step) === 0) throw new UsageError("arange: step must not be 0, got 0");
  const count = Math.max(0, Math.ceil((end - start) / step));
  checkDType("arange", dtype);
  checkFits("arange", device, dtype, count);
  return fromArray(device, Float64Array.from({ length: count }, (_, i) => start + i * step), { dtype, requiresGrad: options.requiresGrad ?? false });
}

/** The identity matrix: [rows, cols], square by default. */
export function eye(device: Device, rows: number, options: CreationOptions & { cols?: number } = {}): Tensor {
  checkOptions("eye", options, ["cols", ...creationKeys]);
  checkNumber("eye", "rows", rows, { min: 0, integer: true });
  const cols = checkNumber("eye", "cols", options.cols ?? rows, { min: 0, integer: true });
  const dtype = options.dtype ?? "f32";
  checkDType("eye", dtype);
  const array = hostArray("eye", device, dtype, rows * cols);
  for (let i = 0; i < Math.min(rows, cols); i++) array[i * cols + i] = storedValue(dtype, 1);
  return upload(device, [rows, cols], dtype, array, options.requiresGrad);
}

/** Standard normal, f32. */
export function randn(device: Device, shape: Shape, options: RandomOptions = {}): Tensor {
  return random("randn", device, shape, options, (generator, count) => generator.normal(count));
}

/** Uniform in [0, 1), f32. */
export function rand(device: Device, shape: Shape, options: RandomOptions = {}): Tensor {
  return random("rand", device, shape, options, (generator, count) => generator.uniform(count));
}

function random(op: string, device: Device, shape: Shape, options: RandomOptions, draw: (generator: Generator, count: number) => Float32Array): Tensor {
  checkOptions(op, options, ["requiresGrad", "generator", "seed"]);
  checkShape(op, shape);
  if (options.generator && !(options.generator instanceof Generator)) throw new UsageError(`${op}: generator must be a Generator, got ${typeof options.generator}; make one with new Generator(seed)`);
  if (options.generator && options.seed !== undefined) throw new UsageError(`${op}: give generator or seed, not both`);
  const generator = options.generator ?? new Generator(checkNumber(op, "seed", options.seed ?? 0, { integer: true }));
  checkFits(op, device, "f32", sizeOf(shape));
  return upload(device, shape, "f32", draw(generator, sizeOf(shape)), options.requiresGrad);
}
