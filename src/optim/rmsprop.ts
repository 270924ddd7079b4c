import { checkEps, checkNumber } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { flags, type Algorithm } from "./algorithm.js";
import { Optimizer, type OptimizerOptions } from "./optimizer.js";
import { checkFlags } from "./option_checks.js";
import { commonDefaults, type CommonOptions, type GroupOptions } from "./param_group.js";
import type { Scheduled } from "./values.js";

export interface RMSpropOptions extends CommonOptions {
  /** Decay of the running mean of g^2. */
  alpha: Scheduled;
  eps: Scheduled;
  momentum: Scheduled;
  /** Divides by the standard deviation: the running mean of g, squared, is taken off that of g^2. */
  centered: boolean;
}

const rmsprop: Algorithm<RMSpropOptions> = {
  name: "RMSprop",
  defaults: { lr: 1e-2, weightDecay: 0, alpha: 0.99, eps: 1e-8, momentum: 0, centered: false, ...commonDefaults },
  check(where, { alpha, eps, momentum, centered }) {
    checkNumber(where, "alpha", alpha, { min: 0, max: 1 });
    checkEps(where, eps);
    checkNumber(where, "momentum", momentum, { min: 0 });
    checkFlags(where, { centered });
  },
  moments: (groups) => (groups.some(({ centered, momentum }) => centered || momentum !== 0) ? ["square", "average", "momentum"] : ["square"]),
  cell: ({ alpha, eps, momentum, centered }) => ({ own: [1 - alpha, momentum, eps], betas: [0, 0], flags: centered ? flags.centered : 0 }),
  kernel: (moments) => (moments.includes("momentum") ? "rmsprop_step_full" : "rmsprop_step"),
};

/**
 * RMSprop: g += weightDecay * p; square = alpha * square + (1 - alpha) * g^2; d = g / (sqrt(square) + eps);
 * p -= lr * d, or with momentum: buffer = momentum * buffer + d, p -= lr * buffer.
 *
 * Shapes: any f32 leaves that require a gradient, alone or in groups with options of their own.
 * Range:  lr = 0.01, weightDecay = 0, alpha = 0.99 in [0, 1], eps = 1e-8, momentum = 0, all of them numbers or schedules;
 *         centered = false; the rest as AdamW.
 * Throws: UsageError for an option or a parameter that makes no sense.
 * Source: Hinton 2012, lecture 6e; centered: Graves 2013, arXiv 1308.0850; PyTorch's order of operations and defaults.
 */
export class RMSprop extends Optimizer<RMSpropOptions> {
  constructor(params: readonly Tensor[] | readonly GroupOptions<RMSpropOptions>[], options: OptimizerOptions<RMSpropOptions> = {}) {
    super(rmsprop, params, options);
  }
}
