// What the tuning tools look at: a run as its settings make it, with its batches by number.
import type { TokenBatch, TokenData } from "../data/index.js";
import type { Device } from "../gpu/device.js";
import type { GPT } from "../nn/index.js";
import { fromArray, mean, stack } from "../ops/index.js";
import type { Optimizer } from "../optim/index.js";
import type { Tensor } from "../tensor/tensor.js";
import type { TuneTarget } from "../tune/index.js";
import { partsOf } from "./parts_of.js";
import type { RunPlan } from "./run_plan.js";
import type { TrainSettings } from "./settings.js";

export interface RunTarget extends TuneTarget {
  model: GPT;
  optimizer: Optimizer;
}

/**
 * The plan's model and optimizer, and the batches that it would train on next. Both must be disposed. A new run's are f32 whatever its settings
 * say: tools take steps without a loss scale, and halves tell them nothing more.
 */
export function tuneTargetOf(device: Device, plan: RunPlan): RunTarget {
  const { model, optimizer } = partsOf(device, plan.checkpoint ? plan : { ...plan, settings: { ...plan.settings, precision: "f32" } });
  return { model, optimizer, loss: lossByNumber(device, model, plan.settings, inOrder(plan.data)) };
}

/** The loss of the `number`-th step: the mean over the batches that it accumulates. */
export function lossByNumber(device: Device, model: GPT, { accumulate }: Pick<TrainSettings, "accumulate">, batchAt: (number: number) => TokenBatch): (number: number) => Tensor {
  const lossOf = ({ tokens, targets, shape }: TokenBatch) => model.loss(fromArray(device, tokens, { shape, dtype: "i32" }), fromArray(device, targets, { shape, dtype: "i32" }));
  return (number) => {
    const losses = Array.from({ length: accumulate }, (_, i) => lossOf(batchAt(number * accumulate + i)));
    return losses.length === 1 ? losses[0]! : mean(stack(losses));
  };
}

/** Batches by number: the same number is the same batch, and they come in the order of training. */
function inOrder(data: TokenData): (number: number) => TokenBatch {
  const drawn: TokenBatch[] = [];
  return (number) => {
    while (drawn.length <= number) drawn.push(data.next());
    return drawn[number]!;
  };
}
