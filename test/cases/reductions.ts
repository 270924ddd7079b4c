import { argmax, argmin } from "../../src/ops/argmax.js";
import { max, min } from "../../src/ops/extremum.js";
import { norm } from "../../src/ops/norm.js";
import { mean, sum } from "../../src/ops/sum.js";
import { variance } from "../../src/ops/variance.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { eachIndex, flatIndex, nd, type Nd } from "../support/nd.js";
import type { InputSpec, OpCase } from "../support/op_cases.js";

export interface Options {
  axis?: number | number[];
  keepDims?: boolean;
}

/** The elements that go into each output, in row-major order; then one number of each list. */
export function reduceBy(x: Nd, { axis, keepDims = false }: Options, f: (elements: number[]) => number): Nd {
  const rank = x.shape.length;
  const axes = (axis === undefined ? x.shape.map((_, i) => i) : [axis].flat()).map((i) => (i + rank) % rank);
  const kept = x.shape.map((extent, i) => (axes.includes(i) ? 1 : extent));
  const groups = nd(kept, () => 0).data.length === 0 ? [] : Array.from(nd(kept, () => 0).data, (): number[] => []);
  eachIndex(x.shape, (index, flat) => groups[flatIndex(kept, index.map((i, at) => (axes.includes(at) ? 0 : i)))]!.push(x.data[flat]!));
  const shape = keepDims ? kept : x.shape.filter((_, i) => !axes.includes(i));
  return nd(shape, groups.map(f));
}

const total = (values: number[]) => values.reduce((a, b) => a + b, 0);
const largest = (values: number[]) => values.reduce((a, b) => (Number.isNaN(a) || a >= b ? a : b));
const smallest = (values: number[]) => values.reduce((a, b) => (Number.isNaN(a) || a <= b ? a : b));

export const references = {
  sum: total,
  mean: (values: number[]) => total(values) / values.length,
  max: largest,
  min: smallest,
  variance: (correction: number) => (values: number[]) => {
    const centre = total(values) / values.length;
    return total(values.map((value) => (value - centre) ** 2)) / (values.length - correction);
  },
  norm1: (values: number[]) => total(values.map(Math.abs)),
  norm2: (values: number[]) => Math.sqrt(total(values.map((value) => value * value))),
  normInfinity: (values: number[]) => largest(values.map(Math.abs)),
};

/** Shape and axes: one element, around the run of 64 and the workgroup of 16, primes, every position, groups of axes. */
const geometries: (readonly [number[], Options])[] = [
  [[1], {}],
  [[], {}],
  [[7], { axis: 0, keepDims: true }],
  [[3, 5], { axis: 1 }],
  [[3, 5], { axis: -2 }],
  [[63], {}],
  [[64], {}],
  [[65], { keepDims: true }],
  [[15, 3], { axis: 1 }],
  [[16, 4], { axis: 0 }],
  [[17, 31], { axis: -1, keepDims: true }],
  [[2, 3, 4], { axis: [0, 2] }],
  [[2, 3, 4], { axis: [0, -1], keepDims: true }],
  [[3, 4, 5], { axis: 1 }],
  [[4, 5, 8], { axis: 1 }],
  [[2, 3, 2, 3, 2, 3], { axis: [0, 2, 4] }],
  [[2, 3, 2, 3, 2, 3], { axis: [1, 3, 5] }],
  [[1, 6, 1, 2], { axis: [0, 1] }],
];

/** Two launches and more: long, few outputs; in fours along rows and along columns. */
const large: (readonly [number[], Options])[] = [
  [[20011], {}],
  [[65536], {}],
  [[64, 512], { axis: 1 }],
  [[5, 4099], { axis: 1 }],
  [[3000, 7], { axis: 0 }],
  [[2048, 12], { axis: 0 }],
  [[3, 4100, 3], { axis: [0, 1] }],
  [[32, 3, 64, 4], { axis: [0, 2, 3] }],
];

interface Family {
  name: string;
  run(x: Tensor, options: Options): Tensor;
  reference(values: number[]): number;
  atLeast?: number;
}

const families: Family[] = [
  { name: "sum", run: sum, reference: references.sum },
  { name: "mean", run: mean, reference: references.mean },
  { name: "max", run: max, reference: references.max },
  { name: "min", run: min, reference: references.min },
  { name: "variance", run: variance, reference: references.variance(1), atLeast: 2 },
  { name: "variance of the population", run: (x, options) => variance(x, { ...options, correction: 0 }), reference: references.variance(0) },
  { name: "1-norm", run: (x, options) => norm(x, { ...options, p: 1 }), reference: references.norm1 },
  { name: "2-norm", run: norm, reference: references.norm2 },
  { name: "infinity norm", run: (x, options) => norm(x, { ...options, p: Infinity }), reference: references.normInfinity },
];

export const reductionCases: OpCase[] = families.flatMap(({ name, run, reference, atLeast = 1 }) =>
  [...geometries, ...large].filter(([shape, options]) => countOf(shape, options) >= atLeast).map(([shape, options]): OpCase => ({
    name: `${name} [${shape}] ${JSON.stringify(options)}`,
    inputs: [{ shape, values: (random) => random.normal() + 0.5 }],
    run: ([x]) => run(x!, options),
    reference: ([x]) => reduceBy(x!, options, reference),
    tolerance: "reduction",
    // A population of one has variance 0 whatever its value.
    zeroGradient: name === "variance of the population" && countOf(shape, options) === 1,
    // Differences of a reference of thousands of terms are cheap for few elements only.
    gradient: !large.some(([other]) => other === shape) || name === "sum" || name === "variance",
  })),
);

function countOf(shape: readonly number[], { axis }: Options): number {
  const axes = axis === undefined ? shape.map((_, i) => i) : [axis].flat().map((i) => (i + shape.length) % shape.length);
  return axes.reduce((count, i) => count * shape[i]!, 1);
}

/** Values with ties, so that "the first" means something. */
const coarse: InputSpec["values"] = (random) => Math.round(random.normal() * 2);

const argReference = (pick: (values: number[]) => number) => (values: number[]) =>
  values.findIndex((value) => Object.is(value, pick(values)) || value === pick(values));

export const argCases: OpCase[] = ([
  [[1], {}],
  [[7], { axis: 0, keepDims: true }],
  [[3, 5], {}],
  [[3, 5], { axis: 1 }],
  [[3, 5], { axis: -2 }],
  [[17, 31], { axis: 1 }],
  [[4, 257, 3], { axis: 1, keepDims: true }],
  [[2, 50257], { axis: 1 }],
  [[20011], {}],
] as const).flatMap(([shape, options]) =>
  (["f32", "i32", "u32"] as const).flatMap((dtype) =>
    ([["argmax", argmax, largest], ["argmin", argmin, smallest]] as const).map(([name, run, pick]): OpCase => ({
      name: `${name} ${dtype} [${shape}] ${JSON.stringify(options)}`,
      inputs: [{ shape, dtype, values: dtype === "u32" ? (random) => random.integer(7) : coarse }],
      run: ([x]) => run(x!, options),
      reference: ([x]) => reduceBy(x!, options, argReference(pick)),
      tolerance: "exact",
      gradient: false,
    })),
  ),
);

export const integerCases: OpCase[] = ([[[7], {}], [[3, 5, 4], { axis: 1 }], [[5, 3001], { axis: 1 }], [[3001, 8], { axis: 0 }]] as const).flatMap(([shape, options]) =>
  ([["sum", sum, total], ["max", max, largest], ["min", min, smallest]] as const).flatMap(([name, run, pick]) =>
    (["i32", "u32"] as const).map((dtype): OpCase => ({
      name: `${name} ${dtype} [${shape}] ${JSON.stringify(options)}`,
      inputs: [{ shape, dtype, values: (random) => random.integer(100) - (dtype === "i32" ? 50 : 0) }],
      run: ([x]) => run(x!, options),
      reference: ([x]) => reduceBy(x!, options, pick),
      tolerance: "exact",
      gradient: false,
    })),
  ),
);

export const manyRowsCase: OpCase = {
  name: "sum past 65,535 workgroups of rows",
  inputs: [{ shape: [16 * 65535 + 17, 2] }],
  run: ([x]) => sum(x!, { axis: 1 }),
  reference: ([x]) => nd([16 * 65535 + 17], (i) => x!.data[2 * i]! + x!.data[2 * i + 1]!),
  tolerance: "reduction",
  gradient: false,
};
