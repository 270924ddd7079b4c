import * as k from "../../src/ops/index.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { broadcastMap } from "../support/nd.js";
import type { InputSpec, OpCase } from "../support/op_cases.js";
import type { ToleranceClass } from "../support/tolerances.js";

interface Binary {
  name: string;
  run(a: Tensor, b: Tensor): Tensor;
  f(a: number, b: number): number;
  tolerance: ToleranceClass;
  drawA?: InputSpec["values"];
  drawB?: InputSpec["values"];
}

const positive: InputSpec["values"] = (random) => 0.5 + random.uniform();

export const binaries: Binary[] = [
  { name: "add", run: k.add, f: (a, b) => a + b, tolerance: "arithmetic" },
  { name: "sub", run: k.sub, f: (a, b) => a - b, tolerance: "arithmetic" },
  { name: "mul", run: k.mul, f: (a, b) => a * b, tolerance: "arithmetic" },
  { name: "div", run: k.div, f: (a, b) => a / b, tolerance: "arithmetic", drawB: positive },
  { name: "maximum", run: k.maximum, f: Math.max, tolerance: "exact" },
  { name: "minimum", run: k.minimum, f: Math.min, tolerance: "exact" },
  { name: "pow", run: k.pow, f: (a, b) => a ** b, tolerance: "transcendental", drawA: positive },
];

/** Same shape; scalar; rows; columns; both broadcast; axes that collapse and axes that do not; packs of 4 and not. */
const pairs: [number[], number[]][] = [
  [[], []],
  [[1], [1]],
  [[7], [7]],
  [[2, 130], [2, 130]],
  [[3, 5], []],
  [[1, 1], [4, 3]],
  [[9, 8], [8]],
  [[9, 7], [7]],
  [[8], [9, 8]],
  [[6, 8], [6, 1]],
  [[6, 5], [6, 1]],
  [[4, 1], [1, 12]],
  [[5, 1], [1, 3]],
  [[3], [1, 3]],
  [[2, 3, 4], [3, 1]],
  [[2, 1, 4], [1, 3, 1]],
  [[2, 3, 2, 8], [2, 1, 2, 1]],
  [[2, 1, 3, 1, 2, 1], [1, 2, 1, 3, 1, 2]],
  [[2, 1, 2, 1, 2, 1, 2], [1, 1, 2, 1, 2, 1, 2]],
  [[0, 3], [3]],
  [[3, 1], [1, 0]],
];

function caseOf(one: Binary, a: number[], b: number[], gradient = true): OpCase {
  return {
    name: `${one.name} [${a}] and [${b}]`,
    inputs: [
      { shape: a, ...(one.drawA ? { values: one.drawA } : {}) },
      { shape: b, ...(one.drawB ? { values: one.drawB } : {}) },
    ],
    run: ([a, b]) => one.run(a!, b!),
    reference: (inputs) => broadcastMap(inputs, one.f),
    tolerance: one.tolerance,
    gradient,
    zeroGradient: a.includes(0) || b.includes(0),
  };
}

const named = (...names: string[]) => binaries.filter((one) => names.includes(one.name));

export const binaryCases: OpCase[] = [
  // sub and div cover the sums of gradients, the gradient that is dy itself, and both operands of one that is not.
  ...named("sub", "div").flatMap((one) => pairs.map(([a, b]) => caseOf(one, a, b))),
  ...named("add", "mul", "maximum", "minimum", "pow").flatMap((one) =>
    [pairs[3]!, pairs[4]!, pairs[6]!, pairs[15]!].map(([a, b]) => caseOf(one, a, b)),
  ),
  // Long sums: one chunk, several, and chunks of chunks.
  ...(
    [
      [[31, 5], [5]],
      [[33, 5], [5]],
      [[2000, 3], [3]],
      [[3, 2000], [3, 1]],
      [[1025, 64], [1, 1]],
      [[40, 3, 50], [3, 1]],
      [[300, 257], []],
    ] as [number[], number[]][]
  ).map(([a, b]) => caseOf(named("mul")[0]!, a, b)),
  ...(
    [
      [[65535 * 64 + 1], [1]],
      [[65536, 65], [65]],
      [[65536, 64], [65536, 1]],
    ] as [number[], number[]][]
  ).map(([a, b]) => caseOf(named("add")[0]!, a, b, false)),
];
