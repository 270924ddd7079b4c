import { bceWithLogits, type BceWithLogitsOptions } from "../../src/ops/bce_with_logits.js";
import { mseLoss } from "../../src/ops/mse_loss.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { nd, type Nd } from "../support/nd.js";
import type { InputSpec, OpCase } from "../support/op_cases.js";

type Reduction = "mean" | "sum" | "none";

function reduced(losses: Nd, reduction: Reduction): Nd {
  if (reduction === "none") return losses;
  const sum = losses.data.reduce((a, b) => a + b, 0);
  return nd([], [reduction === "sum" ? sum : sum / losses.data.length]);
}

export function mseReference(x: Nd, t: Nd, reduction: Reduction): Nd {
  return reduced(nd(x.shape, (i) => (x.data[i]! - t.data[i]!) ** 2), reduction);
}

/** By the definition, with the log of the logistic function taken where it does not cancel. */
export function bceReference(x: Nd, t: Nd, reduction: Reduction, posWeight: ArrayLike<number> = [1]): Nd {
  const logLogistic = (value: number) => (value < 0 ? value - Math.log1p(Math.exp(value)) : -Math.log1p(Math.exp(-value)));
  return reduced(
    nd(x.shape, (i) => -posWeight[i % posWeight.length]! * t.data[i]! * logLogistic(x.data[i]!) - (1 - t.data[i]!) * logLogistic(-x.data[i]!)),
    reduction,
  );
}

/** Around the pack of 4 and the workgroup of 64 packs, primes, several runs of an invocation. */
const shapes = [[], [1], [3], [4], [5], [7, 3], [255], [256], [257], [2, 3, 67], [9001]];
const reductions = ["mean", "sum", "none"] as const;
const probability: NonNullable<InputSpec["values"]> = (random) => random.uniform();

function bce(name: string, shape: readonly number[], options: BceWithLogitsOptions & { reduction: Reduction }, more: Partial<OpCase> = {}): OpCase {
  return {
    name: `bceWithLogits ${name} [${shape}] ${options.reduction}`,
    inputs: [{ shape, values: (random) => 3 * random.normal() }, { shape, values: probability }],
    run: ([x, t]) => bceWithLogits(x!, t!, options),
    reference: ([x, t]) => bceReference(x!, t!, options.reduction, typeof options.posWeight === "number" ? [options.posWeight] : [1]),
    tolerance: options.reduction === "none" ? "transcendental" : "reduction",
    ...more,
  };
}

const withPosWeight = (shape: readonly number[], posWeight: readonly number[], reduction: Reduction): OpCase => ({
  ...bce("", shape, { reduction }),
  name: `bceWithLogits [${shape}], posWeight [${posWeight}], ${reduction}`,
  inputs: [{ shape }, { shape, values: probability }, { shape: posWeight, values: (random) => 3 * random.uniform(), gradient: false }],
  run: ([x, t, posWeight]: Tensor[]) => bceWithLogits(x!, t!, { posWeight: posWeight!, reduction }),
  reference: ([x, t, posWeight]) => bceReference(x!, t!, reduction, posWeight!.data),
});

export const pointwiseLossCases: OpCase[] = [
  ...shapes.flatMap((shape) =>
    reductions.flatMap((reduction): OpCase[] => [
      {
        name: `mseLoss [${shape}] ${reduction}`,
        inputs: [{ shape }, { shape }],
        run: ([x, t]) => mseLoss(x!, t!, { reduction }),
        reference: ([x, t]) => mseReference(x!, t!, reduction),
        tolerance: "reduction",
      },
      bce("", shape, { reduction }),
    ]),
  ),
  ...reductions.map((reduction) => bce("posWeight 2.5", [5, 3], { posWeight: 2.5, reduction })),
  ...[[3], [5, 3], []].flatMap((posWeight) => reductions.map((reduction) => withPosWeight([5, 3], posWeight, reduction))),
  withPosWeight([70, 67], [67], "mean"),
  bce("of logits of 1e4 and hard targets,", [6, 4], { reduction: "none" }, {
    inputs: [{ shape: [6, 4], values: (random) => 1e4 * random.normal() }, { shape: [6, 4], values: (random) => random.integer(2) }],
    gradient: false,
  }),
  bce("of confident and right logits,", [40], { reduction: "none" }, {
    inputs: [{ shape: [40], values: (_, i) => (i % 2 ? 1 : -1) * (i / 2) }, { shape: [40], values: (_, i) => i % 2 }],
    gradient: false,
  }),
  {
    name: "mseLoss of 2,000,003 elements, mean",
    inputs: [{ shape: [2_000_003] }, { shape: [2_000_003] }],
    run: ([x, t]) => mseLoss(x!, t!),
    reference: ([x, t]) => mseReference(x!, t!, "mean"),
    tolerance: "reduction",
    gradient: false,
  },
];
