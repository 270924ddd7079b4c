import { checkEps } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { flags, type Algorithm } from "./algorithm.js";
import { Optimizer, type OptimizerOptions } from "./optimizer.js";
import { checkBetas, checkFlags } from "./option_checks.js";
import { commonDefaults, type CommonOptions, type GroupOptions } from "./param_group.js";
import type { Scheduled } from "./values.js";

export interface RAdamOptions extends CommonOptions {
  /** Decay of the running means of g and g^2. */
  betas: readonly [Scheduled, Scheduled];
  eps: Scheduled;
  /** Weight decay shrinks the parameter instead of joining the gradient. */
  decoupledWeightDecay: boolean;
}

const radam: Algorithm<RAdamOptions> = {
  name: "RAdam",
  defaults: { lr: 1e-3, weightDecay: 0, betas: [0.9, 0.999], eps: 1e-8, decoupledWeightDecay: false, ...commonDefaults },
  check(where, { betas, eps, decoupledWeightDecay }) {
    checkBetas(where, betas);
    checkEps(where, eps);
    checkFlags(where, { decoupledWeightDecay });
  },
  moments: () => ["m", "v"],
  cell: ({ betas, eps, decoupledWeightDecay }) => ({ own: [1 - betas[0], 1 - betas[1], eps], betas, flags: decoupledWeightDecay ? flags.decoupled : 0 }),
  kernel: () => "radam_step",
};

/**
 * Rectified Adam: as Adam where the variance of the adaptive rate is known (rho_t > 5), times sqrt((rho_t - 4) (rho_t - 2) rho_inf /
 * ((rho_inf - 4) (rho_inf - 2) rho_t)); before that p -= lr * m / (1 - beta1^t). rho_inf = 2 / (1 - beta2) - 1 and
 * rho_t = rho_inf - 2 t beta2^t / (1 - beta2^t), with t counted for each parameter.
 *
 * Shapes: any f32 leaves that require a gradient, alone or in groups with options of their own.
 * Range:  lr = 1e-3, betas = [0.9, 0.999] in [0, 1), eps = 1e-8, weightDecay = 0, all of them numbers or schedules;
 *         decoupledWeightDecay = false; the rest as AdamW.
 * Throws: UsageError for an option or a parameter that makes no sense.
 * Source: Liu et al. 2020, "On the variance of the adaptive learning rate and beyond", arXiv 1908.03265; PyTorch's order of
 *         operations and defaults.
 */
export class RAdam extends Optimizer<RAdamOptions> {
  constructor(params: readonly Tensor[] | readonly GroupOptions<RAdamOptions>[], options: OptimizerOptions<RAdamOptions> = {}) {
    super(radam, params, options);
  }
}
