// What the tuning tools look at: a run as its settings make it, with its batches by number.
import type { TokenBatch } from "../data/index.js";
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
 * The plan's model and optimizer, both to be disposed, and the batches that it would train on next. A new run's are f32 whatever
 * its settings say: tools take steps without a loss scale, and halves tell them nothing more.
 */
export function tuneTargetOf(device: Device, plan: RunPlan, draw = () => plan.data.next()): RunTarget {
  const { model, optimizer } = partsOf(device, plan.checkpoint ? plan : { ...plan, settings: { ...plan.settings, precision: "f32" } });
  return { model, optimizer, loss: lossByNumber(device, model, plan.settings, draw) };
}

/** The loss of the `number`-th step from here: the mean over the batches that it accumulates. The same number is the same loss. */
export function lossByNumber(device: Device, model: GPT, { accumulate }: Pick<TrainSettings, "accumulate">, draw: () => TokenBatch): (number: number) => Tensor {
  const drawn: TokenBatch[] = [];
  const lossOf = ({ tokens, targets, shape }: TokenBatch) => model.loss(fromArray(device, tokens, { shape, dtype: "i32" }), fromArray(device, targets, { shape, dtype: "i32" }));
  return (number) => {
    while (drawn.length < (number + 1) * accumulate) drawn.push(draw());
    const losses = drawn.slice(number * accumulate, (number + 1) * accumulate).map(lossOf);
    return losses.length === 1 ? losses[0]! : mean(stack(losses));
  };
}
