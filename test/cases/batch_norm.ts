import { fromArray } from "../../src/ops/creation.js";
import { batchNorm } from "../../src/ops/batch_norm.js";
import { less } from "../../src/ops/compare.js";
import { abs } from "../../src/ops/unary.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { eachIndex, nd, type Nd } from "../support/nd.js";
import type { InputSpec, OpCase } from "../support/op_cases.js";

export interface ChannelStatistics {
  mean: number[];
  /** Biased. */
  variance: number[];
  count: number;
}

export function channelStatistics(x: Nd): ChannelStatistics {
  const values: number[][] = Array.from({ length: x.shape[1]! }, () => []);
  eachIndex(x.shape, (index, flat) => values[index[1]!]!.push(x.data[flat]!));
  const mean = values.map((list) => list.reduce((a, b) => a + b, 0) / list.length);
  const variance = values.map((list, c) => list.reduce((sum, value) => sum + (value - mean[c]!) ** 2, 0) / list.length);
  return { mean, variance, count: values[0]?.length ?? 0 };
}

export function batchNormReference(x: Nd, statistics: { mean: ArrayLike<number>; variance: ArrayLike<number> }, weight: Nd | null, bias: Nd | null, eps = 1e-5): Nd {
  const y = nd(x.shape, () => 0);
  eachIndex(x.shape, (index, flat) => {
    const c = index[1]!;
    const normal = (x.data[flat]! - statistics.mean[c]!) / Math.sqrt(statistics.variance[c]! + eps);
    y.data[flat] = normal * (weight?.data[c] ?? 1) + (bias?.data[c] ?? 0);
  });
  return y;
}

/** Scalars; fours along the length, along the channels; one and many chunks; primes; more than one workgroup. */
export const batchNormShapes = [
  [2, 1],
  [3, 5],
  [5, 4],
  [67, 3],
  [300, 8],
  [2, 3, 7],
  [3, 17, 5],
  [1, 2, 64],
  [5, 3, 100],
  [4, 2, 3, 3],
  [3, 5, 4, 6],
  [2, 16, 1, 1],
  [40, 1, 3, 7],
];

type Draw = NonNullable<InputSpec["values"]>;

const positive: Draw = (random) => 0.5 + random.uniform();
const around: Draw = (random) => 1 + 0.5 * random.normal();

function training(shape: readonly number[], { weight, bias, values }: { weight: boolean; bias: boolean; values?: Draw }): OpCase {
  const channels = [shape[1]!];
  const pick = <T>(inputs: readonly T[]) => ({ x: inputs[0]!, weight: weight ? inputs[1]! : null, bias: bias ? inputs[weight ? 2 : 1]! : null });
  return {
    name: `batchNorm in training [${shape}]${weight ? ", weight" : ""}${bias ? ", bias" : ""}`,
    inputs: [{ shape, ...(values ? { values } : {}) }, ...(weight ? [{ shape: channels, values: around }] : []), ...(bias ? [{ shape: channels }] : [])],
    run: (inputs) => {
      const { x, ...affine } = pick(inputs);
      return batchNorm(x, { ...affine, training: true });
    },
    reference: (inputs) => {
      const { x, weight, bias } = pick(inputs);
      return batchNormReference(x, channelStatistics(x), weight, bias);
    },
    tolerance: "reduction",
    // Two values a channel always come out as -1 and 1.
    zeroGradient: shape[0]! * shape.slice(2).reduce((a, b) => a * b, 1) === 2,
  };
}

function evaluation(shape: readonly number[]): OpCase {
  const channels = [shape[1]!];
  return {
    name: `batchNorm in eval mode [${shape}]`,
    inputs: [{ shape }, { shape: channels, values: around }, { shape: channels }, { shape: channels, gradient: false }, { shape: channels, values: positive, gradient: false }],
    run: ([x, weight, bias, runningMean, runningVar]) => batchNorm(x!, { weight: weight!, bias: bias!, runningMean: runningMean!, runningVar: runningVar! }),
    reference: ([x, weight, bias, mean, variance]) => batchNormReference(x!, { mean: mean!.data, variance: variance!.data }, weight!, bias!),
    tolerance: "reduction",
  };
}

export const batchNormCases: OpCase[] = [
  ...batchNormShapes.map((shape) => training(shape, { weight: true, bias: true })),
  ...batchNormShapes.map(evaluation),
  training([5, 3, 4], { weight: false, bias: false }),
  training([5, 3, 4], { weight: true, bias: false }),
  training([5, 4], { weight: false, bias: true }),
  {
    name: "batchNorm in eval mode without weight and bias",
    inputs: [{ shape: [3, 5, 2] }],
    run: ([x]: Tensor[]) => {
      const [runningMean, runningVar] = [[0, 1, 2, 3, 4], [1, 2, 3, 4, 5]].map((values) => fromArray(x!.device, values));
      return batchNorm(x!, { runningMean: runningMean!, runningVar: runningVar! });
    },
    reference: ([x]) => batchNormReference(x!, { mean: [0, 1, 2, 3, 4], variance: [1, 2, 3, 4, 5] }, null, null),
    tolerance: "reduction",
  },
  ...[[500, 4], [40, 3, 16], [30, 2, 5]].map((shape) => ({
    ...training(shape, { weight: true, bias: true, values: (random) => 1e4 + random.normal() }),
    name: `batchNorm in training [${shape}], values of 1e4 with a deviation of 1`,
    gradient: false,
  })),
  {
    ...training([700, 300], { weight: true, bias: true }),
    name: "batchNorm in training, many channels",
    gradient: false,
  },
  {
    name: "batchNorm of equal values: variance 0",
    inputs: [{ shape: [8, 3], values: (_, i) => [5, -2e4, 0][i % 3]! }],
    run: ([x]) => batchNorm(x!, { training: true }),
    reference: ([x]) => nd(x!.shape, () => 0),
    tolerance: "exact",
    gradient: false,
  },
  {
    name: "batchNorm of equal values of 3e9: variance 0, rounding errors far above eps",
    inputs: [{ shape: [21, 2], values: () => 1e10 / 3 }],
    // Nothing but rounding is left, less than the unit that a normal value has.
    run: ([x]) => less(abs(batchNorm(x!, { training: true })), 0.1),
    reference: ([x]) => nd(x!.shape, () => 1),
    tolerance: "exact",
    gradient: false,
  },
];
