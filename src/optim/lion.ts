import type { Tensor } from "../tensor/tensor.js";
import type { Algorithm } from "./algorithm.js";
import { Optimizer, type OptimizerOptions } from "./optimizer.js";
import { checkBetas } from "./option_checks.js";
import { commonDefaults, type CommonOptions, type GroupOptions } from "./param_group.js";
import type { Scheduled } from "./values.js";

export interface LionOptions extends CommonOptions {
  /** Weights of the momentum in the update, and in the next momentum. */
  betas: readonly [Scheduled, Scheduled];
}

const lion: Algorithm<LionOptions> = {
  name: "Lion",
  defaults: { lr: 1e-4, weightDecay: 0, betas: [0.9, 0.99], ...commonDefaults },
  check: (where, { betas }) => checkBetas(where, betas),
  moments: () => ["m"],
  cell: ({ betas }) => ({ own: [1 - betas[0], 1 - betas[1], 0], betas: [0, 0], flags: 0 }),
  kernel: () => "lion_step",
};

/**
 * Lion: p -= lr * (sign(beta1 * m + (1 - beta1) * g) + weightDecay * p); m = beta2 * m + (1 - beta2) * g.
 *
 * Shapes: any f32 leaves that require a gradient, alone or in groups with options of their own.
 * Range:  lr = 1e-4 (every element moves by lr: a third to a tenth of AdamW's), betas = [0.9, 0.99] in [0, 1), weightDecay = 0
 *         (three to ten times AdamW's), all of them numbers or schedules; the rest as AdamW.
 * Throws: UsageError for an option or a parameter that makes no sense.
 * Source: Chen et al. 2023, "Symbolic discovery of optimization algorithms", arXiv 2302.06675, algorithm 2.
 */
export class Lion extends Optimizer<LionOptions> {
  constructor(params: readonly Tensor[] | readonly GroupOptions<LionOptions>[], options: OptimizerOptions<LionOptions> = {}) {
    super(lion, params, options);
  }
}
