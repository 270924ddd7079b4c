import { UsageError } from "../errors.js";
import { checkNumber } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { flags, type Algorithm } from "./algorithm.js";
import { checkFlags } from "./option_checks.js";
import { Optimizer, type OptimizerOptions } from "./optimizer.js";
import { commonDefaults, type CommonOptions, type GroupOptions } from "./param_group.js";
import type { Scheduled } from "./values.js";

export interface SGDOptions extends CommonOptions {
  momentum: Scheduled;
  /** Share of the gradient kept out of the momentum buffer, except at a parameter's first step. */
  dampening: Scheduled;
  nesterov: boolean;
  /** Weight decay shrinks the parameter instead of joining the gradient and its momentum. */
  decoupledWeightDecay: boolean;
}

const sgd: Algorithm<SGDOptions> = {
  name: "SGD",
  defaults: { lr: 1e-3, weightDecay: 0, momentum: 0, dampening: 0, nesterov: false, decoupledWeightDecay: false, ...commonDefaults },
  check(where, { momentum, dampening, nesterov, decoupledWeightDecay }) {
    checkNumber(where, "momentum", momentum, { min: 0 });
    checkNumber(where, "dampening", dampening);
    checkFlags(where, { nesterov, decoupledWeightDecay });
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new UsageError(`${where}: nesterov needs momentum > 0 and dampening 0, got momentum ${momentum} and dampening ${dampening}`);
    }
  },
  moments: (groups) => (groups.some(({ momentum }) => momentum !== 0) ? ["momentum"] : []),
  cell: ({ momentum, dampening, nesterov, decoupledWeightDecay }) => ({
    own: [momentum, 1 - dampening, 0],
    betas: [0, 0],
    flags: (nesterov ? flags.nesterov : 0) + (decoupledWeightDecay ? flags.decoupled : 0),
  }),
  kernel: (moments) => (moments.length > 0 ? "sgd_step" : "sgd_step_plain"),
};

/**
 * SGD: g += weightDecay * p; buffer = momentum * buffer + (1 - dampening) * g, at first g;
 * p -= lr * (nesterov ? g + momentum * buffer : buffer). Without momentum p -= lr * g.
 * Decoupled weight decay is p -= lr * weightDecay * p instead.
 *
 * Shapes: any f32 leaves that require a gradient, alone or in groups with options of their own.
 * Range:  lr = 1e-3, momentum = 0, dampening = 0, weightDecay = 0, all of them numbers or schedules; nesterov,
 *         decoupledWeightDecay = false; the rest as AdamW.
 * Throws: UsageError for an option or a parameter that makes no sense, or nesterov without momentum.
 * Source: Sutskever et al. 2013, in PyTorch's form and with its defaults; decoupled: Loshchilov and Hutter 2019 (SGDW).
 */
export class SGD extends Optimizer<SGDOptions> {
  constructor(params: readonly Tensor[] | readonly GroupOptions<SGDOptions>[], options: OptimizerOptions<SGDOptions> = {}) {
    super(sgd, params, options);
  }
}
