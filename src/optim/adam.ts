import { UsageError } from "../errors.js";
import { checkNumber } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { flags, type Algorithm } from "./algorithm.js";
import { Optimizer, type OptimizerOptions } from "./optimizer.js";
import { commonDefaults, type CommonOptions, type GroupOptions } from "./param_group.js";
import type { Scheduled } from "./values.js";

export interface AdamOptions extends CommonOptions {
  /** Decay of the running means of g and g^2. */
  betas: readonly [Scheduled, Scheduled];
  eps: Scheduled;
}

/** Throws UsageError unless `betas` are two numbers in [0, 1). */
export function checkBetas(where: string, betas: readonly [number, number]): void {
  if (!Array.isArray(betas) || betas.length !== 2) throw new UsageError(`${where}: betas must be two numbers, got ${JSON.stringify(betas)}`);
  betas.forEach((beta, i) => checkNumber(where, `betas[${i}]`, beta, { min: 0, below: 1 }));
}

function adamAlgorithm(name: string, decoupled: boolean, weightDecay: number): Algorithm<AdamOptions> {
  return {
    name,
    defaults: { lr: 1e-3, weightDecay, betas: [0.9, 0.999], eps: 1e-8, ...commonDefaults },
    check(where, { betas, eps }) {
      checkBetas(where, betas);
      checkNumber(where, "eps", eps, { min: 0 });
    },
    moments: () => ["m", "v"],
    cell: ({ betas, eps }) => ({ own: [1 - betas[0], 1 - betas[1], eps], betas, flags: decoupled ? flags.decoupled : 0 }),
    kernel: () => "adam_step",
  };
}

/**
 * AdamW: p -= lr * weightDecay * p; m and v are running means of g and g^2;
 * p -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps), with t counted for each parameter.
 *
 * Shapes: any f32 leaves that require a gradient, alone or in groups with options of their own.
 * Range:  lr = 1e-3 (a number or a schedule), betas = [0.9, 0.999] in [0, 1), eps = 1e-8, weightDecay = 0.01, clipNorm = none.
 * Throws: UsageError for an option or a parameter that makes no sense.
 * Source: Loshchilov and Hutter 2019; PyTorch's order of operations and defaults.
 */
export class AdamW extends Optimizer<AdamOptions> {
  constructor(params: readonly Tensor[] | readonly GroupOptions<AdamOptions>[], options: OptimizerOptions<AdamOptions> = {}) {
    super(adamAlgorithm("AdamW", true, 1e-2), params, options);
  }
}

/**
 * Adam: as AdamW, but weight decay is added to the gradient, g += weightDecay * p, and is 0 by default.
 *
 * Shapes: any f32 leaves that require a gradient, alone or in groups with options of their own.
 * Range:  lr = 1e-3 (a number or a schedule), betas = [0.9, 0.999] in [0, 1), eps = 1e-8, weightDecay = 0, clipNorm = none.
 * Throws: UsageError for an option or a parameter that makes no sense.
 * Source: Kingma and Ba 2015; PyTorch's order of operations and defaults.
 */
export class Adam extends Optimizer<AdamOptions> {
  constructor(params: readonly Tensor[] | readonly GroupOptions<AdamOptions>[], options: OptimizerOptions<AdamOptions> = {}) {
    super(adamAlgorithm("Adam", false, 0), params, options);
  }
}
