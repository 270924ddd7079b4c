import { DTypeError } from "../errors.js";

/** Element types. Truth values (comparisons, masks) are u32 holding 0 or 1. */
export type DType = "f32" | "i32" | "u32";

export type TypedArray = Float32Array | Int32Array | Uint32Array;

export const bytesPerElement: Record<DType, number> = { f32: 4, i32: 4, u32: 4 };

const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;

export function checkDType(where: string, dtype: string): asserts dtype is DType {
  if (!Object.hasOwn(arrays, dtype)) {
    throw new DTypeError(`${where}: unknown dtype, got "${dtype}"; use ${Object.keys(arrays).join(", ")}`);
  }
}

/** A typed array over `bytes`, or a zeroed one of `length`. */
export function typedArray(dtype: DType, source: ArrayBuffer | number): TypedArray {
  return typeof source === "number" ? new arrays[dtype](source) : new arrays[dtype](source);
}
