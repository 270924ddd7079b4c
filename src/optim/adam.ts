import { checkEps } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { flags, type Algorithm } from "./algorithm.js";
import { Optimizer, type OptimizerOptions } from "./optimizer.js";
import { checkBetas, checkFlags } from "./option_checks.js";
import { commonDefaults, type CommonOptions, type GroupOptions } from "./param_group.js";
import type { Scheduled } from "./values.js";

export interface AdamOptions extends CommonOptions {
  /** Decay of the running means of g and g^2. */
  betas: readonly [Scheduled, Scheduled];
  eps: Scheduled;
  /** Divides by the highest second moment so far. */
  amsgrad: boolean;
  /** False leaves the moments as small as they start: the first steps are then larger, up to (1 - beta1) / sqrt(1 - beta2) times. */
  biasCorrection: boolean;
}

export interface AdamVariant {
  name: string;
  /** Weight decay shrinks the parameter instead of joining the gradient. */
  decoupled: boolean;
  weightDecay: number;
  /** v = g^2 before a parameter's first step. */
  gradientInit?: boolean;
}

/** The Adam family: one kernel, told apart by flags. */
export function adamAlgorithm({ name, decoupled, weightDecay, gradientInit = false }: AdamVariant): Algorithm<AdamOptions> {
  return {
    name,
    defaults: { lr: 1e-3, weightDecay, betas: [0.9, 0.999], eps: 1e-8, amsgrad: false, biasCorrection: true, ...commonDefaults },
    check(where, { betas, eps, amsgrad, biasCorrection }) {
      checkBetas(where, betas);
      checkEps(where, eps);
      checkFlags(where, { amsgrad, biasCorrection });
    },
    moments: (groups) => (groups.some(({ amsgrad }) => amsgrad) ? ["m", "v", "highest"] : ["m", "v"]),
    cell: ({ betas, eps, amsgrad, biasCorrection }) => ({
      own: [1 - betas[0], 1 - betas[1], eps],
      betas,
      flags:
        (decoupled ? flags.decoupled : 0) +
        (gradientInit ? flags.gradientInit : 0) +
        (amsgrad ? flags.amsgrad : 0) +
        (biasCorrection ? 0 : flags.noBiasCorrection),
    }),
    kernel: (moments) => (moments.includes("highest") ? "adam_step_amsgrad" : "adam_step"),
  };
}

/**
 * AdamW: p -= lr * weightDecay * p; m and v are running means of g and g^2;
 * p -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps), with t counted for each parameter.
 *
 * Shapes: any f32 leaves that require a gradient, alone or in groups with options of their own.
 * Range:  lr = 1e-3, betas = [0.9, 0.999] in [0, 1), eps = 1e-8, weightDecay = 0.01, all of them numbers or schedules;
 *         amsgrad = false; biasCorrection = true; maximize, frozen = false; clipNorm, clipValue, emaDecay = none.
 * Throws: UsageError for an option or a parameter that makes no sense.
 * Source: Loshchilov and Hutter 2019; AMSGrad: Reddi et al. 2018; PyTorch's order of operations and defaults.
 */
export class AdamW extends Optimizer<AdamOptions> {
  constructor(params: readonly Tensor[] | readonly GroupOptions<AdamOptions>[], options: OptimizerOptions<AdamOptions> = {}) {
    super(adamAlgorithm({ name: "AdamW", decoupled: true, weightDecay: 1e-2 }), params, options);
  }
}

/**
 * Adam: as AdamW, but weight decay is added to the gradient, g += weightDecay * p, and is 0 by default.
 *
 * Shapes: any f32 leaves that require a gradient, alone or in groups with options of their own.
 * Range:  as AdamW; weightDecay = 0.
 * Throws: UsageError for an option or a parameter that makes no sense.
 * Source: Kingma and Ba 2015; AMSGrad: Reddi et al. 2018; PyTorch's order of operations and defaults.
 */
export class Adam extends Optimizer<AdamOptions> {
  constructor(params: readonly Tensor[] | readonly GroupOptions<AdamOptions>[], options: OptimizerOptions<AdamOptions> = {}) {
    super(adamAlgorithm({ name: "Adam", decoupled: false, weightDecay: 0 }), params, options);
  }
}
