// What a case of the tables is computed from: the same numbers in Node and in a page.
import type { DType } from "../../src/tensor/dtype.js";
import { nd, roundToHalf, testRandom, type Nd } from "./nd.js";
import type { OpCase } from "./op_cases.js";

export const halfSuffix = ", f16";

export const isFloat = (dtype: DType | undefined) => (dtype ?? "f32") === "f32" || dtype === "f16";

/** Host values of a case's inputs, rounded so that reference and GPU see the same numbers. */
export function drawInputs(one: OpCase): Nd[] {
  return one.inputs.map(({ shape, values, dtype }, position) => {
    const random = testRandom(seedOf(one) + position);
    const draw = (i: number) => {
      if (typeof values === "function") return values(random, i);
      if (values) return values[i]!;
      return isFloat(dtype) ? random.normal() : 0;
    };
    const round = dtype === "f16" ? roundToHalf : isFloat(dtype) ? Math.fround : (value: number) => value;
    return nd(shape, (i) => round(draw(i)));
  });
}

/** The gradient that backward starts from; every value fits f16. */
export function drawCotangent(one: OpCase, shape: readonly number[]): Nd {
  const random = testRandom(seedOf(one) + 1000);
  return nd(shape, () => roundToHalf(random.normal()));
}

/** A case in f16 draws what it draws in f32. */
export function seedOf({ name }: OpCase): number {
  return hash(name.replace(halfSuffix, ""));
}

function hash(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return h >>> 0;
}
