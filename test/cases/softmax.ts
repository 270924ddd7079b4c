import { softmax } from "../../src/ops/softmax.js";
import { nd, type Nd } from "../support/nd.js";
import type { OpCase } from "../support/op_cases.js";

function reference(x: Nd): Nd {
  const cols = x.shape[x.shape.length - 1]!;
  const y = nd(x.shape, () => 0);
  for (let start = 0; start < x.data.length; start += cols) {
    const row = x.data.slice(start, start + cols);
    const highest = Math.max(...row);
    const sum = row.reduce((total, value) => total + Math.exp(value - highest), 0);
    row.forEach((value, i) => (y.data[start + i] = Math.exp(value - highest) / sum));
  }
  return y;
}

const shapes = [[1], [7], [3, 5], [1, 64], [63, 3], [17, 31], [2, 3, 65], [4, 257]];

export const softmaxCases: OpCase[] = [
  ...shapes.map((shape) => ({
    name: `softmax [${shape}]`,
    inputs: [{ shape }],
    run: ([x]: Parameters<OpCase["run"]>[0]) => softmax(x!),
    reference: ([x]: Parameters<OpCase["reference"]>[0]) => reference(x!),
    tolerance: "reduction" as const,
    zeroGradient: shape[shape.length - 1] === 1,
  })),
  {
    name: "softmax of logits of 1e4",
    inputs: [{ shape: [5, 9], values: (random) => random.normal() * 1e4 }],
    run: ([x]) => softmax(x!),
    reference: ([x]) => reference(x!),
    tolerance: "reduction",
    gradient: false,
  },
  {
    name: "softmax past 65,535 workgroups of rows",
    inputs: [{ shape: [16 * 65535 + 17, 2] }],
    run: ([x]) => softmax(x!),
    reference: ([x]) => reference(x!),
    tolerance: "reduction",
    gradient: false,
  },
];
