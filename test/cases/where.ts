import * as k from "../../src/ops/index.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { broadcastMap } from "../support/nd.js";
import type { InputSpec, OpCase } from "../support/op_cases.js";

const condition = (shape: number[], dtype: "u32" | "i32" = "u32"): InputSpec => ({
  shape,
  dtype,
  // Not only 0 and 1: whatever is not 0 is true.
  values: (random, i) => (i % 3 === 0 ? 0 : random.integer(2) * (dtype === "i32" ? -2 : 3)),
});

const shapes: [number[], number[], number[]][] = [
  [[1], [1], [1]],
  [[257], [257], [257]],
  [[3, 5], [3, 5], [5]],
  [[5], [3, 5], [3, 1]],
  [[3, 1], [1, 4], []],
  [[2, 1, 3], [4, 1], [2, 1, 1]],
  [[40, 33], [1], [40, 1]],
  [[0, 2], [2], [1]],
];

const choose = (c: number, a: number, b: number) => (c !== 0 ? a : b);

export const whereCases: OpCase[] = [
  ...shapes.map(
    ([c, a, b]): OpCase => ({
      name: `where [${c}] ? [${a}] : [${b}]`,
      inputs: [condition(c), { shape: a }, { shape: b }],
      run: ([c, a, b]) => k.where(c!, a!, b!),
      reference: (inputs) => broadcastMap(inputs, choose),
      tolerance: "exact",
      zeroGradient: c[0]! <= 1, // false for every element, or none
    }),
  ),
  {
    name: "where with a number if true",
    inputs: [condition([6, 7], "i32"), { shape: [7] }],
    run: ([c, b]) => k.where(c!, -2.5, b!),
    reference: ([c, b]) => broadcastMap([c!, b!], (c, b) => choose(c, -2.5, b)),
    tolerance: "exact",
  },
  {
    name: "where with a number if false",
    inputs: [condition([6, 7]), { shape: [6, 1] }],
    run: ([c, a]) => k.where(c!, a!, 0.75),
    reference: ([c, a]) => broadcastMap([c!, a!], (c, a) => choose(c, a, 0.75)),
    tolerance: "exact",
  },
  ...(["i32", "u32"] as const).map(
    (dtype): OpCase => ({
      name: `where of ${dtype}`,
      inputs: [condition([9]), { shape: [9], dtype, values: (_, i) => 16777217 + i }, { shape: [1], dtype, values: [7] }],
      run: ([c, a, b]: Tensor[]) => k.where(c!, a!, b!),
      reference: (inputs) => broadcastMap(inputs, choose),
      tolerance: "exact",
      gradient: false,
    }),
  ),
];
