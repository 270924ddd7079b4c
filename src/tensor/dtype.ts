import { DTypeError, FeatureError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { fromHalves, halfBits, toHalves } from "../half.js";

/**
 * Element types. Truth values (comparisons, masks) are u32 holding 0 or 1. f16 is a way of storing numbers: kernels
 * compute in f32 and round what they write. It needs an adapter with the feature "shader-f16".
 */
export type DType = "f32" | "f16" | "i32" | "u32";

/** What elements are on the host: those of f16 are f32 there. */
export type TypedArray = Float32Array | Int32Array | Uint32Array;

/** What elements are in GPU memory and in files. */
export type StoredArray = TypedArray | Uint16Array;

export const bytesPerElement: Record<DType, number> = { f32: 4, f16: 2, i32: 4, u32: 4 };

const hostArrays = { f32: Float32Array, f16: Float32Array, i32: Int32Array, u32: Uint32Array } as const;
const storedArrays = { f32: Float32Array, f16: Uint16Array, i32: Int32Array, u32: Uint32Array } as const;

export function checkDType(where: string, dtype: string): asserts dtype is DType {
  if (!Object.hasOwn(hostArrays, dtype)) {
    throw new DTypeError(`${where}: unknown dtype, got "${dtype}"; use ${Object.keys(hostArrays).join(", ")}`);
  }
}

/** Throws FeatureError for a type that the adapter cannot compute with. */
export function requireDTypeOn(device: Device, where: string, dtype: DType): void {
  if (dtype !== "f16" || device.features.has("shader-f16")) return;
  throw new FeatureError(`${where}: f16 needs the WebGPU feature "shader-f16", which this adapter lacks, got ${device.adapter.name}; use f32`, "shader-f16");
}

/** Whether elements are real numbers: only those have gradients. */
export function isFloat(dtype: DType): boolean {
  return dtype === "f32" || dtype === "f16";
}

/** What kernels compute in. */
export function computedIn(dtype: DType): "f32" | "i32" | "u32" {
  return dtype === "f16" ? "f32" : dtype;
}

/** Bytes that `count` elements take in GPU memory: WebGPU copies, writes and binds multiples of 4. */
export function storedBytes(dtype: DType, count: number): number {
  return Math.ceil((count * bytesPerElement[dtype]) / 4) * 4;
}

/** A host array of zeros. */
export function typedArray(dtype: DType, length: number): TypedArray {
  return new hostArrays[dtype](length);
}

/** Zeros for `storedBytes`. */
export function storedArray(dtype: DType, length: number): StoredArray {
  return new storedArrays[dtype](storedBytes(dtype, length) / bytesPerElement[dtype]);
}

/** A number as an element of a stored array: bits for f16. */
export function storedValue(dtype: DType, value: number): number {
  return dtype === "f16" ? halfBits(value) : value;
}

/** Host values as they are stored, each rounded once. */
export function toStored(dtype: DType, values: ArrayLike<number>): StoredArray {
  const stored = storedArray(dtype, values.length);
  if (dtype === "f16") toHalves(values, stored as Uint16Array<ArrayBuffer>);
  else stored.set(values);
  return stored;
}

/** `count` elements out of the bytes that hold them, which become the array's own unless they are halves. */
export function fromStored(dtype: DType, bytes: ArrayBuffer, count: number): TypedArray {
  if (dtype === "f16") return fromHalves(new Uint16Array(bytes, 0, count));
  return new hostArrays[dtype](bytes, 0, count);
}
