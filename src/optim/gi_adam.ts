import type { Tensor } from "../tensor/tensor.js";
import { adamAlgorithm, type AdamOptions } from "./adam.js";
import { Optimizer, type OptimizerOptions } from "./optimizer.js";
import type { GroupOptions } from "./param_group.js";

/**
 * GIAdam, Adam with a gradient-initialised second moment: v = g^2 before a parameter's first step, then as AdamW with
 * bias correction. The correction makes v too large at first, so the step is lr * sqrt(1 - beta2^t) of Adam's: a warmup of its own.
 *
 * Shapes: any f32 leaves that require a gradient, alone or in groups with options of their own.
 * Range:  as AdamW; weightDecay = 0, decoupled: a decay in the gradient would be in the first g^2.
 * Throws: UsageError for an option or a parameter that makes no sense.
 * Source: Kalra and Barkeshli 2024, "Why warmup the learning rate?", arXiv 2406.09405, section 6.
 */
export class GIAdam extends Optimizer<AdamOptions> {
  constructor(params: readonly Tensor[] | readonly GroupOptions<AdamOptions>[], options: OptimizerOptions<AdamOptions> = {}) {
    super(adamAlgorithm({ name: "GIAdam", decoupled: true, weightDecay: 0, gradientInit: true }), params, options);
  }
}
