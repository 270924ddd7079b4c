import { checkEps, checkNumber } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Algorithm } from "./algorithm.js";
import { Optimizer, type OptimizerOptions } from "./optimizer.js";
import { commonDefaults, type CommonOptions, type GroupOptions } from "./param_group.js";
import type { Scheduled } from "./values.js";

export interface AdagradOptions extends CommonOptions {
  /** The rate falls as 1 / (1 + lrDecay * t), t counting the parameter's own steps. */
  lrDecay: Scheduled;
  /** What the sum of squares starts from. */
  initialAccumulatorValue: number;
  eps: Scheduled;
}

const adagrad: Algorithm<AdagradOptions> = {
  name: "Adagrad",
  defaults: { lr: 1e-2, weightDecay: 0, lrDecay: 0, initialAccumulatorValue: 0, eps: 1e-10, ...commonDefaults },
  check(where, { lrDecay, initialAccumulatorValue, eps }) {
    checkNumber(where, "lrDecay", lrDecay, { min: 0 });
    checkNumber(where, "initialAccumulatorValue", initialAccumulatorValue, { min: 0 });
    checkEps(where, eps);
  },
  moments: () => ["sum"],
  initial: (_, { initialAccumulatorValue }) => initialAccumulatorValue,
  cell: ({ lrDecay, eps }) => ({ own: [lrDecay, eps, 0], betas: [0, 0], flags: 0 }),
  kernel: () => "adagrad_step",
};

/**
 * Adagrad: g += weightDecay * p; sum += g^2; p -= lr / (1 + (t - 1) * lrDecay) * g / (sqrt(sum) + eps).
 *
 * Shapes: any f32 leaves that require a gradient, alone or in groups with options of their own.
 * Range:  lr = 0.01, weightDecay = 0, lrDecay = 0, eps = 1e-10, all of them numbers or schedules; initialAccumulatorValue = 0, used
 *         when the optimizer is made; the rest as AdamW.
 * Throws: UsageError for an option or a parameter that makes no sense.
 * Source: Duchi et al. 2011; PyTorch's order of operations and defaults.
 */
export class Adagrad extends Optimizer<AdagradOptions> {
  constructor(params: readonly Tensor[] | readonly GroupOptions<AdagradOptions>[], options: OptimizerOptions<AdagradOptions> = {}) {
    super(adagrad, params, options);
  }
}
