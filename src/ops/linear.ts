import { ShapeError } from "../errors.js";
import { formatShape } from "../shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { requireDType, requireRank } from "./checks.js";
import { product } from "./matmul.js";
import { planMatmul } from "./matmul_plan.js";

/**
 * Affine map y = x Wᵀ + b of the last axis.
 *
 * Shapes: x [..., in], weight [out, in], bias [out] or null -> y [..., out], f32.
 * Range:  any sizes.
 * Throws: DTypeError unless f32; ShapeError if the sizes do not fit.
 * Source: dx = dy W, dW = dyᵀ x and db = column sums of dy, over all leading axes at once.
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  requireDType("linear", "x", x, "f32");
  requireDType("linear", "weight", weight, "f32");
  requireRank("linear", "x", x, { atLeast: 1 });
  requireRank("linear", "weight", weight, { exactly: 2 });
  if (x.shape[x.rank - 1] !== weight.shape[1]) {
    throw new ShapeError(
      `linear: x must end in the weight's ${weight.shape[1]} inputs, got x ${formatShape(x.shape)} and weight ${formatShape(weight.shape)}; a weight is stored [out, in]`,
    );
  }
  return product("linear", x, weight, bias, planMatmul("linear", x.shape, weight.shape, { transposeA: false, transposeB: true }));
}
