import { UsageError } from "../errors.js";
import { checkNumber } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { flags, type Algorithm } from "./algorithm.js";
import { Optimizer, type OptimizerOptions } from "./optimizer.js";
import { commonDefaults, type CommonOptions, type GroupOptions } from "./param_group.js";
import type { Scheduled } from "./values.js";

export interface SGDOptions extends CommonOptions {
  momentum: Scheduled;
  /** Share of the gradient kept out of the momentum buffer, except at a parameter's first step. */
  dampening: Scheduled;
  nesterov: boolean;
}

const sgd: Algorithm<SGDOptions> = {
  name: "SGD",
  defaults: { lr: 1e-3, weightDecay: 0, momentum: 0, dampening: 0, nesterov: false, ...commonDefaults },
  check(where, { momentum, dampening, nesterov }) {
    checkNumber(where, "momentum", momentum, { min: 0 });
    checkNumber(where, "dampening", dampening);
    if (typeof nesterov !== "boolean") throw new UsageError(`${where}: nesterov must be true or false, got ${String(nesterov)}`);
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new UsageError(`${where}: nesterov needs momentum > 0 and dampening 0, got momentum ${momentum} and dampening ${dampening}`);
    }
  },
  moments: (groups) => (groups.some(({ momentum }) => momentum !== 0) ? ["momentum"] : []),
  cell: ({ momentum, dampening, nesterov }) => ({ own: [momentum, 1 - dampening, 0], betas: [0, 0], flags: nesterov ? flags.nesterov : 0 }),
  kernel: (moments) => (moments.length > 0 ? "sgd_step" : "sgd_step_plain"),
};

/**
 * SGD: g += weightDecay * p; buffer = momentum * buffer + (1 - dampening) * g, at first g;
 * p -= lr * (nesterov ? g + momentum * buffer : buffer). Without momentum p -= lr * g.
 *
 * Shapes: any f32 leaves that require a gradient, alone or in groups with options of their own.
 * Range:  lr = 1e-3 (a number or a schedule), momentum = 0, dampening = 0, nesterov = false, weightDecay = 0, clipNorm = none.
 * Throws: UsageError for an option or a parameter that makes no sense, or nesterov without momentum.
 * Source: Sutskever et al. 2013, in PyTorch's form and with its defaults.
 */
export class SGD extends Optimizer<SGDOptions> {
  constructor(params: readonly Tensor[] | readonly GroupOptions<SGDOptions>[], options: OptimizerOptions<SGDOptions> = {}) {
    super(sgd, params, options);
  }
}
