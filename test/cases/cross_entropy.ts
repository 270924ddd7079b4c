import { fromArray } from "../../src/ops/creation.js";
import { crossEntropy, nllLoss, type CrossEntropyOptions } from "../../src/ops/cross_entropy.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { eachIndex, flatIndex, nd, testRandom, type Nd } from "../support/nd.js";
import type { InputSpec, OpCase } from "../support/op_cases.js";

export interface ClassLoss {
  reduction: "mean" | "sum" | "none";
  smoothing?: number;
  weight?: ArrayLike<number> | null;
  ignoreIndex?: number;
  axis?: number;
  /** x holds log-probabilities already. */
  logProbs?: boolean;
}

/** PyTorch's definition, row by row. */
export function classLossReference(x: Nd, targets: ArrayLike<number>, { reduction, smoothing = 0, weight, ignoreIndex = -100, axis = -1, logProbs = false }: ClassLoss): Nd {
  const along = axis < 0 ? axis + x.shape.length : axis;
  const classes = x.shape[along]!;
  const shape = x.shape.filter((_, i) => i !== along);
  const losses = nd(shape, () => 0);
  const w = (c: number) => weight?.[c] ?? 1;
  let norm = 0;
  eachIndex(shape, (index, row) => {
    const t = targets[row]!;
    if (t === ignoreIndex) return;
    const logits = Array.from({ length: classes }, (_, c) => x.data[flatIndex(x.shape, [...index.slice(0, along), c, ...index.slice(along)])]!);
    const highest = logits.reduce((a, b) => Math.max(a, b));
    const rest = logProbs ? 0 : Math.log(logits.reduce((sum, value) => sum + Math.exp(value - highest), 0));
    const logP = (c: number) => (logProbs ? logits[c]! : logits[c]! - highest - rest);
    losses.data[row] = -(1 - smoothing) * w(t) * logP(t);
    for (let c = 0; c < classes; c++) losses.data[row]! -= (smoothing / classes) * w(c) * logP(c);
    norm += w(t);
  });
  if (reduction === "none") return losses;
  const sum = losses.data.reduce((a, b) => a + b, 0);
  return nd([], [reduction === "sum" ? sum : sum / norm]);
}

/** Targets of a case, some of them ignored. The first is not, so that no mean is empty. */
export function drawTargets(count: number, classes: number, ignored: number | null, seed = 21): number[] {
  const random = testRandom(seed);
  return Array.from({ length: count }, (_, i) => (ignored !== null && i > 0 && random.uniform() < 0.25 ? ignored : random.integer(classes)));
}

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const positive: NonNullable<InputSpec["values"]> = (random) => 0.25 + 2 * random.uniform();

interface Setting extends Omit<ClassLoss, "weight"> {
  weighted?: boolean;
  dtype?: "i32" | "u32";
}

function classLoss(shape: readonly number[], setting: Setting, values?: InputSpec["values"]): OpCase {
  const { reduction, smoothing = 0, weighted = false, ignoreIndex = -100, axis = -1, logProbs = false, dtype = "i32" } = setting;
  const classes = shape.at(axis)!;
  const along = axis < 0 ? axis + shape.length : axis;
  const rest = shape.filter((_, i) => i !== along);
  const targets = drawTargets(sizeOf(rest), classes, dtype === "u32" && ignoreIndex < 0 ? null : ignoreIndex);
  return {
    name: `${logProbs ? "nllLoss" : "crossEntropy"} [${shape}] ${JSON.stringify(setting)}`,
    inputs: [{ shape, ...(values ? { values } : {}) }, ...(weighted ? [{ shape: [classes], values: positive, gradient: false }] : [])],
    run: ([x, weight]: Tensor[]) => {
      const options: CrossEntropyOptions = { reduction, ignoreIndex, classAxis: axis, ...(weight ? { weight } : {}) };
      const t = fromArray(x!.device, targets, { shape: rest, dtype });
      return logProbs ? nllLoss(x!, t, options) : crossEntropy(x!, t, { ...options, labelSmoothing: smoothing });
    },
    reference: ([x, weight]) => classLossReference(x!, targets, { reduction, smoothing, weight: weight?.data ?? null, ignoreIndex, axis, logProbs }),
    tolerance: "reduction",
    zeroGradient: classes === 1 && !logProbs,
    // Of a large input the runner differentiates a sample, which may miss all targets.
    gradient: !logProbs || sizeOf(shape) <= 600,
  };
}

/** Around the workgroup of 16 rows, one class, fours and not, primes; more rows than there are partial sums. */
const shapes = [[1], [7], [3, 1], [3, 5], [15, 4], [16, 10], [17, 31], [2, 3, 65], [5, 128], [4, 257], [67, 3]];
const reductions = ["mean", "sum", "none"] as const;

export const crossEntropyCases: OpCase[] = [
  ...shapes.flatMap((shape) => [classLoss(shape, { reduction: "mean" }), classLoss(shape, { reduction: "mean", logProbs: true })]),
  ...[[7, 5], [6, 8]].flatMap((shape) =>
    reductions.flatMap((reduction) =>
      [false, true].flatMap((weighted) => [
        classLoss(shape, { reduction, weighted, logProbs: true }),
        ...[0, 0.1, 1].map((smoothing) => classLoss(shape, { reduction, weighted, smoothing })),
      ]),
    ),
  ),
  ...[[[4, 5, 3], 1], [[2, 6, 3, 4], 1], [[5, 4], 0], [[3, 8, 1], -2]].flatMap(([shape, axis]) =>
    [true, false].flatMap((logProbs) =>
      (["mean", "none"] as const).map((reduction) => classLoss(shape as number[], { reduction, axis: axis as number, logProbs, weighted: true, ...(logProbs ? {} : { smoothing: 0.2 }) })),
    ),
  ),
  classLoss([9, 5], { reduction: "mean", ignoreIndex: 2 }),
  classLoss([9, 5], { reduction: "mean", ignoreIndex: -1, logProbs: true }),
  classLoss([9, 5], { reduction: "mean", dtype: "u32" }),
  classLoss([9, 5], { reduction: "none", dtype: "u32", ignoreIndex: 3 }),
  { ...classLoss([1500, 3], { reduction: "mean" }), name: "crossEntropy of more rows than partial sums" },
  { ...classLoss([1500, 3], { reduction: "mean", logProbs: true, weighted: true }), name: "nllLoss of more rows than partial sums" },
  { ...classLoss([599, 1], { reduction: "mean", logProbs: true }), name: "nllLoss of more rows than partial sums, one class" },
  { ...classLoss([3, 50257], { reduction: "none", smoothing: 0.1 }), name: "crossEntropy of 50,257 classes", gradient: false },
  ...[0, 0.1].map((smoothing) => ({
    ...classLoss([8, 12], { reduction: "none", smoothing, weighted: true }, (random) => 1e4 * random.normal()),
    name: `crossEntropy of logits of 1e4, smoothing ${smoothing}`,
    gradient: false,
  })),
  {
    ...classLoss([8, 12], { reduction: "none" }, (random) => 1e4 + random.normal()),
    name: "crossEntropy of logits of 1e4 with a deviation of 1",
    // The runner's step grows with the input; test/gpu/cross_entropy.test.ts has this gradient by formula.
    gradient: false,
  },
  {
    ...classLoss([16 * 65535 + 17, 2], { reduction: "none" }),
    name: "crossEntropy past 65,535 workgroups of rows",
    gradient: false,
  },
];
