// Data that every engine gets alike.
import { Generator } from "../../tensor/random.js";

export interface HostArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface HostIndices {
  readonly shape: readonly number[];
  readonly data: Int32Array;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Uniform in [-1, 1). */
export function randomArray(generator: Generator, shape: readonly number[]): HostArray {
  return { shape, data: generator.uniform(sizeOf(shape)).map((u) => 2 * u - 1) };
}

/** Whole numbers from 0 to below `limit`. */
export function randomIndices(generator: Generator, shape: readonly number[], limit: number): HostIndices {
  return { shape, data: Int32Array.from(generator.uniform(sizeOf(shape)), (u) => Math.min(limit - 1, Math.floor(u * limit))) };
}

/** [rows, columns] to [columns, rows]. */
export function transposed(data: Float32Array, [rows, columns]: readonly number[]): Float32Array {
  const out = new Float32Array(data.length);
  for (let row = 0; row < rows!; row++) for (let column = 0; column < columns!; column++) out[column * rows! + row] = data[row * columns! + column]!;
  return out;
}

/** [a, b, c, d] to [a, c, b, d]: heads before positions, or after them. */
export function swappedMiddle(data: Float32Array, [a, b, c, d]: readonly number[]): Float32Array {
  const out = new Float32Array(data.length);
  let at = 0;
  for (let i = 0; i < a!; i++)
    for (let k = 0; k < c!; k++)
      for (let j = 0; j < b!; j++) {
        const start = ((i * b! + j) * c! + k) * d!;
        out.set(data.subarray(start, start + d!), at);
        at += d!;
      }
  return out;
}
