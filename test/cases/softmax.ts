import { logSoftmax, softmax } from "../../src/ops/softmax.js";
import { eachIndex, flatIndex, nd, type Nd } from "../support/nd.js";
import type { OpCase } from "../support/op_cases.js";

/** One row at a time: the elements that differ in the index along `axis` alone. */
function mapRows(x: Nd, axis: number, f: (row: number[]) => number[]): Nd {
  const along = axis < 0 ? axis + x.shape.length : axis;
  const y = nd(x.shape, () => 0);
  eachIndex(x.shape, (index) => {
    if (index[along] !== 0) return;
    const places = Array.from({ length: x.shape[along]! }, (_, k) => flatIndex(x.shape, index.map((value, i) => (i === along ? k : value))));
    f(places.map((place) => x.data[place]!)).forEach((value, k) => (y.data[places[k]!] = value));
  });
  return y;
}

export function softmaxReference(x: Nd, axis = -1): Nd {
  return mapRows(x, axis, (row) => {
    const highest = row.reduce((a, b) => Math.max(a, b));
    const sum = row.reduce((total, value) => total + Math.exp(value - highest), 0);
    return row.map((value) => Math.exp(value - highest) / sum);
  });
}

export function logSoftmaxReference(x: Nd, axis = -1): Nd {
  return mapRows(x, axis, (row) => {
    const highest = row.reduce((a, b) => Math.max(a, b));
    const sum = row.reduce((total, value) => total + Math.exp(value - highest), 0);
    return row.map((value) => value - highest - Math.log(sum));
  });
}

/** Around the workgroup of 16 rows, primes, fours along the row (inner 1) and across rows (inner a multiple of 4). */
export const rowGeometries: (readonly [number[], number])[] = [
  [[1], -1],
  [[7], 0],
  [[3, 5], -1],
  [[1, 64], 1],
  [[15, 3], -1],
  [[16, 4], -1],
  [[63, 3], -1],
  [[17, 31], -1],
  [[2, 3, 65], -1],
  [[4, 257], -1],
  [[5, 128], -1],
  [[3, 5], 0],
  [[67, 8], 0],
  [[2, 5, 3], 1],
  [[3, 7, 12], 1],
  [[2, 1, 4], 1],
  [[2, 70, 2, 2], -3],
];

const families = [
  { name: "softmax", run: softmax, reference: softmaxReference },
  { name: "logSoftmax", run: logSoftmax, reference: logSoftmaxReference },
];

export const softmaxCases: OpCase[] = families.flatMap(({ name, run, reference }): OpCase[] => [
  ...rowGeometries.map(([shape, axis]): OpCase => ({
    name: `${name} [${shape}] along ${axis}`,
    inputs: [{ shape }],
    run: ([x]) => run(x!, { axis }),
    reference: ([x]) => reference(x!, axis),
    tolerance: "reduction",
    zeroGradient: shape.at(axis) === 1,
  })),
  {
    name: `${name} of logits of 1e4`,
    inputs: [{ shape: [5, 9], values: (random) => random.normal() * 1e4 }],
    run: ([x]) => run(x!),
    reference: ([x]) => reference(x!),
    tolerance: "reduction",
    gradient: false,
  },
  {
    name: `${name} of equal huge values`,
    inputs: [{ shape: [3, 8], values: (_, i) => [3e38, -3e38, 1e30][Math.floor(i / 8)]! }],
    run: ([x]) => run(x!),
    reference: ([x]) => reference(x!),
    tolerance: "reduction",
    gradient: false,
  },
  {
    name: `${name} past 65,535 workgroups of rows`,
    inputs: [{ shape: [16 * 65535 + 17, 2] }],
    run: ([x]) => run(x!),
    reference: ([x]) => reference(x!),
    tolerance: "reduction",
    gradient: false,
  },
]);
