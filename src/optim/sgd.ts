import { UsageError } from "../errors.js";
import { sgdStep } from "../kernels/optim.js";
import { checkNumber } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Algorithm } from "./algorithm.js";
import { Optimizer, type OptimizerOptions } from "./optimizer.js";
import type { CommonOptions, GroupOptions } from "./param_group.js";

export interface SGDOptions extends CommonOptions {
  momentum: number;
  /** Share of the gradient kept out of the momentum buffer, except at a parameter's first step. */
  dampening: number;
  nesterov: boolean;
}

const sgd: Algorithm<SGDOptions> = {
  name: "SGD",
  defaults: { lr: 1e-3, weightDecay: 0, momentum: 0, dampening: 0, nesterov: false },
  check(where, { momentum, dampening, nesterov }) {
    checkNumber(where, "momentum", momentum, { min: 0 });
    checkNumber(where, "dampening", dampening);
    if (typeof nesterov !== "boolean") throw new UsageError(`${where}: nesterov must be true or false, got ${String(nesterov)}`);
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new UsageError(`${where}: nesterov needs momentum > 0 and dampening 0, got momentum ${momentum} and dampening ${dampening}`);
    }
  },
  moments: (groups) => (groups.some((group) => group.options.momentum !== 0) ? ["momentum"] : []),
  cell(group, t) {
    const { weightDecay, momentum, dampening } = group.options;
    return [group.lrAt(t), weightDecay, momentum, 1 - dampening];
  },
  constants: ({ nesterov }) => ({ options: [nesterov ? 1 : 0, 0, 0, 0], betas: [0, 0] }),
  update(device, arena, hyper, moments) {
    const buffers = { ...arena.stepBuffers, hyper };
    sgdStep(device, moments.length > 0 ? { ...buffers, buffer: arena.moment("momentum") } : buffers, { blocks: arena.blocks });
  },
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
