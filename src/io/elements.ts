// The elements of a safetensors entry as numbers, for the types that Kiln computes with or can widen exactly.
import { fromHalves, toHalves } from "../half.js";
import type { SafetensorsDType, SafetensorsEntry } from "./safetensors.js";

export interface Elements {
  /** What they are on the device: bfloat16 is read as f32, which holds all of its values. */
  dtype: "f32" | "f16" | "i32" | "u32";
  data: Float32Array | Int32Array | Uint32Array;
}

const readers: Partial<Record<SafetensorsDType, (bytes: ArrayBuffer) => Elements>> = {
  F32: (bytes) => ({ dtype: "f32", data: new Float32Array(bytes) }),
  F16: (bytes) => ({ dtype: "f16", data: fromHalves(new Uint16Array(bytes)) }),
  BF16: (bytes) => ({ dtype: "f32", data: fromBfloats(new Uint16Array(bytes)) }),
  I32: (bytes) => ({ dtype: "i32", data: new Int32Array(bytes) }),
  U32: (bytes) => ({ dtype: "u32", data: new Uint32Array(bytes) }),
};

/** The dtypes that `readElements` knows, for messages. */
export const readableDTypes = Object.keys(readers).join(", ");

/** Null for a dtype that is not one of `readableDTypes`. */
export function readElements({ dtype, data }: SafetensorsEntry): Elements | null {
  // Copied, because the file's tensors need not be aligned; not by slice(), which on Node's Buffer makes a view.
  return readers[dtype]?.(new Uint8Array(data).buffer) ?? null;
}

const names = { f32: "F32", f16: "F16", i32: "I32", u32: "U32" } as const;

/** An entry of host values; those of f16 are rounded to halves. */
export function entryOf(shape: readonly number[], { dtype, data }: Elements): SafetensorsEntry {
  const { buffer, byteOffset, byteLength } = dtype === "f16" ? toHalves(data) : data;
  return { dtype: names[dtype], shape, data: new Uint8Array(buffer, byteOffset, byteLength) };
}

/** bfloat16 is the upper half of an f32. */
function fromBfloats(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
  return new Float32Array(words.buffer);
}
