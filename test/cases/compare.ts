import * as k from "../../src/ops/index.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { broadcastMap } from "../support/nd.js";
import type { OpCase } from "../support/op_cases.js";

type Compare = [name: string, run: (a: Tensor | number, b: Tensor | number) => Tensor, f: (a: number, b: number) => boolean];

const comparisons: Compare[] = [
  ["equal", k.equal, (a, b) => a === b],
  ["notEqual", k.notEqual, (a, b) => a !== b],
  ["less", k.less, (a, b) => a < b],
  ["lessEqual", k.lessEqual, (a, b) => a <= b],
  ["greater", k.greater, (a, b) => a > b],
  ["greaterEqual", k.greaterEqual, (a, b) => a >= b],
];

const specials = [NaN, -Infinity, -1, -0, 0, 1, Infinity];
const truth = (f: Compare[2]) => (a: number, b: number) => Number(f(a, b));

export const compareCases: OpCase[] = comparisons.flatMap(([name, run, f]): OpCase[] => [
  {
    name: `${name} of every pair of special values`,
    inputs: [{ shape: [7, 1], values: specials }, { shape: [7], values: specials }],
    run: ([a, b]) => run(a!, b!),
    reference: (inputs) => broadcastMap(inputs, truth(f)),
    tolerance: "exact",
    gradient: false,
  },
  {
    name: `${name} of whole numbers`,
    inputs: [
      { shape: [5, 64], dtype: "i32", values: (random) => random.integer(5) - 2 },
      { shape: [5, 64], dtype: "i32", values: (random) => random.integer(5) - 2 },
    ],
    run: ([a, b]) => run(a!, b!),
    reference: (inputs) => broadcastMap(inputs, truth(f)),
    tolerance: "exact",
    gradient: false,
  },
  {
    name: `${name} of u32 and a number, on the left`,
    inputs: [{ shape: [300], dtype: "u32", values: (random) => 2 ** 31 - 2 + random.integer(5) }],
    run: ([b]) => run(2 ** 31, b!),
    reference: ([b]) => broadcastMap([b!], (value) => Number(f(2 ** 31, value))),
    tolerance: "exact",
    gradient: false,
  },
  {
    name: `${name} of f32 and a number, on the right`,
    inputs: [{ shape: [65], values: (random) => random.integer(3) }],
    run: ([a]) => run(a!, 1),
    reference: ([a]) => broadcastMap([a!], (value) => Number(f(value, 1))),
    tolerance: "exact",
    gradient: false,
  },
]);
