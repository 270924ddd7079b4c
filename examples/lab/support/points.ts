// Generated points: mixtures of round Gaussians, as many as wanted, of a density that is known.
import { Generator } from "kiln-gpu";

/** Centres drawn alike, each with a standard deviation of `spread` about it in every dimension. */
export interface Mixture {
  dims: number;
  /** [count, dims], row-major. */
  centres: Float32Array;
  spread: number;
}

export interface Points {
  count: number;
  dims: number;
  /** [count, dims], row-major. */
  x: Float32Array;
  /** Which centre each was drawn from. */
  from: Uint32Array;
}

/** Centres evenly on a circle of radius 1. */
export function ring(count: number, spread: number): Mixture {
  const centres = Float32Array.from({ length: 2 * count }, (_, i) => {
    const angle = (2 * Math.PI * (i >> 1)) / count;
    return i % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
  });
  return { dims: 2, centres, spread };
}

/** Centres in random directions, all at `distance` from the origin. */
export function scattered(count: number, dims: number, { distance, spread, random }: { distance: number; spread: number; random: Generator }): Mixture {
  const centres = random.normal(count * dims);
  for (let start = 0; start < centres.length; start += dims) {
    const centre = centres.subarray(start, start + dims);
    const length = Math.hypot(...centre);
    for (let i = 0; i < dims; i++) centre[i] = (centre[i]! * distance) / length;
  }
  return { dims, centres, spread };
}

export function drawPoints({ dims, centres, spread }: Mixture, count: number, random: Generator): Points {
  const from = random.integers(count, centres.length / dims);
  const x = random.normal(count * dims).map((z, i) => centres[from[Math.floor(i / dims)]! * dims + (i % dims)]! + spread * z);
  return { count, dims, x, from };
}

/** [rows, columns] of host numbers, as a captured step is fed. */
export interface Table {
  values: Float32Array;
  shape: [rows: number, columns: number];
}

export const table = (values: Float32Array, columns: number): Table => ({ values, shape: [values.length / columns, columns] });

/** Labels that depend on the centre alone, all classes alike. */
export const classesOf = ({ from }: Points, classes: number): Uint32Array => from.map((centre) => centre % classes);
