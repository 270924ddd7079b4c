import { ShapeError, UsageError } from "../errors.js";
import type { Reduction } from "../kernels/loss_reduce.js";
import { checkNumber, checkOptions } from "../options.js";
import { formatShape, sameShape } from "../shape.js";
import { Tensor } from "../tensor/tensor.js";
import { requireDType, requireTensor } from "./checks.js";
import { checkReduction } from "./loss_reduction.js";
import { lossOfElements } from "./pointwise_loss.js";

/** Options of `bceWithLogits`. */
export interface BceWithLogitsOptions {
  /** "mean" over all elements (by default), "sum", or "none" for one loss an element. */
  reduction?: Reduction;
  /** Factor on the loss of positive targets: a number, or a tensor of the last axes' shape, such as [classes]. No gradient. */
  posWeight?: number | Tensor;
}

/**
 * Binary cross-entropy of logits: -posWeight * t * log s(x) - (1 - t) * log(1 - s(x)), s the logistic function.
 *
 * Shapes: x and target of one shape, f32 or f16 -> [] ("none": that shape), f32.
 * Range:  any x; targets are probabilities, 0 to 1. The mean over no element is NaN, as in PyTorch.
 * Throws: DTypeError unless f32; ShapeError if the shapes differ or posWeight's is not that of x's last axes;
 *         UsageError for a negative number posWeight or a tensor that requires a gradient.
 * Source: posWeight * t * softplus(-x) + (1 - t) * softplus(x), which neither overflows nor cancels; with posWeight 1 it
 *         is max(x, 0) - x * t + log(1 + exp(-|x|)). Both operands have gradients.
 */
export function bceWithLogits(x: Tensor, target: Tensor, options: BceWithLogitsOptions = {}): Tensor {
  checkOptions("bceWithLogits", options, ["reduction", "posWeight"]);
  const reduction = checkReduction("bceWithLogits", options.reduction ?? "mean");
  requireTensor("bceWithLogits", "x", x);
  const { posWeight = 1 } = options;
  if (posWeight instanceof Tensor) checkPosWeight(x, posWeight);
  else checkNumber("bceWithLogits", "posWeight", posWeight, { min: 0 });
  return lossOfElements("bceWithLogits", "bce_with_logits", x, target, reduction, posWeight);
}

function checkPosWeight(x: Tensor, posWeight: Tensor): void {
  requireDType("bceWithLogits", "posWeight", posWeight, "f32");
  if (posWeight.requiresGrad) throw new UsageError("bceWithLogits: posWeight has no gradient; use detach()");
  if (posWeight.rank > x.rank || !sameShape(posWeight.shape, x.shape.slice(x.rank - posWeight.rank))) {
    throw new ShapeError(`bceWithLogits: posWeight must have the shape of x's last axes, got ${formatShape(posWeight.shape)} for x ${formatShape(x.shape)}; use expand()`);
  }
}
