import { linear } from "../../src/ops/linear.js";
import { nd, type Nd } from "../support/nd.js";
import type { OpCase } from "../support/op_cases.js";

function reference(x: Nd, weight: Nd, bias?: Nd): Nd {
  const [outputs, inputs] = weight.shape as [number, number];
  const y = nd([...x.shape.slice(0, -1), outputs], () => 0);
  for (let row = 0; row * outputs < y.data.length; row++) {
    for (let o = 0; o < outputs; o++) {
      let sum = bias ? bias.data[o]! : 0;
      for (let i = 0; i < inputs; i++) sum += x.data[row * inputs + i]! * weight.data[o * inputs + i]!;
      y.data[row * outputs + o] = sum;
    }
  }
  return y;
}

function linearCase(x: readonly number[], outputs: number, bias: boolean, gradient = true): OpCase {
  const inputs = x[x.length - 1]!;
  return {
    name: `linear [${x}] -> ${outputs}${bias ? " + bias" : ""}`,
    inputs: [{ shape: x }, { shape: [outputs, inputs] }, ...(bias ? [{ shape: [outputs] }] : [])],
    run: ([x, weight, bias]) => linear(x!, weight!, bias ?? null),
    reference: ([x, weight, bias]) => reference(x!, weight!, bias),
    tolerance: "matmul",
    gradient,
  };
}

export const linearCases: OpCase[] = [
  linearCase([1, 1], 1, true),
  linearCase([6], 5, true),
  linearCase([3, 7], 4, false),
  linearCase([27, 8], 12, true),
  linearCase([2, 13, 16], 9, true),
  linearCase([2, 3, 5, 4], 8, true),
  // Enough rows for the two passes of the bias's gradient.
  linearCase([300, 3], 2, true),
  linearCase([1100, 2], 8, true),
  linearCase([768, 128], 512, true, false),
];
