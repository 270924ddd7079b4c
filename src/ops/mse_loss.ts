import type { Reduction } from "../kernels/loss_reduce.js";
import { checkOptions } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { checkReduction } from "./loss_reduction.js";
import { lossOfElements } from "./pointwise_loss.js";

/** Options of `mseLoss`. */
export interface MseLossOptions {
  /** "mean" over all elements (by default), "sum", or "none" for one loss an element. */
  reduction?: Reduction;
}

/**
 * Squared error (x - target)², averaged.
 *
 * Shapes: x and target of one shape, f32 or f16 -> [] ("none": that shape), f32.
 * Range:  any; the mean over no element is NaN, as in PyTorch.
 * Throws: DTypeError unless f32; ShapeError if the shapes differ: there is no broadcasting, it hides mistakes.
 * Source: PyTorch's mse_loss; both operands have gradients.
 */
export function mseLoss(x: Tensor, target: Tensor, options: MseLossOptions = {}): Tensor {
  checkOptions("mseLoss", options, ["reduction"]);
  return lossOfElements("mseLoss", "mse", x, target, checkReduction("mseLoss", options.reduction ?? "mean"));
}
