import { softmaxBackward, softmaxForward } from "../kernels/softmax.js";
import { checkOptions } from "../options.js";
import { normalizeAxis, splitAtAxis } from "../shape.js";
import { record } from "../tensor/tape.js";
import { emptyLike, type Tensor } from "../tensor/tensor.js";
import { inF32 } from "./cast.js";
import { requireDType, requireRank } from "./checks.js";

/** Options of `softmax` and `logSoftmax`. */
export interface SoftmaxOptions {
  /** The axis that sums to 1; -1, the last, by default. */
  axis?: number;
}

/**
 * Softmax along an axis: y_i = exp(x_i) / sum_j exp(x_j).
 *
 * Shapes: x f32 or f16 -> y of the same shape, f32.
 * Range:  any finite x; the maximum is subtracted first. -infinity gives 0; a row with NaN or +infinity, or of nothing
 *         but -infinity, gives NaN.
 * Throws: DTypeError for integers; ShapeError if x is a scalar or the axis is out of range.
 * Source: backward dx = y * (dy - sum(y * dy)).
 */
export function softmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  return alongAxis("softmax", x, options, false);
}

/**
 * Logarithm of the softmax along an axis: y_i = x_i - log sum_j exp(x_j).
 *
 * Shapes: x f32 or f16 -> y of the same shape, f32.
 * Range:  as softmax; exact where softmax would underflow to 0. -infinity gives -infinity.
 * Throws: DTypeError for integers; ShapeError if x is a scalar or the axis is out of range.
 * Source: backward dx = dy - exp(y) * sum(dy).
 */
export function logSoftmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  return alongAxis("logSoftmax", x, options, true);
}

function alongAxis(op: string, x: Tensor, options: SoftmaxOptions, log: boolean): Tensor {
  checkOptions(op, options, ["axis"]);
  requireDType(op, "x", x, "f32", "f16");
  if (x.dtype === "f16") return inF32(x, (x) => alongAxis(op, x, options, log));
  requireRank(op, "x", x, { atLeast: 1 });
  const sizes = splitAtAxis(x.shape, normalizeAxis(op, options.axis ?? -1, x.rank));
  const y = emptyLike(x);
  softmaxForward(x.device, { x: x.buffer, y: y.buffer }, sizes, { log });
  return record({
    op,
    inputs: [x],
    output: y,
    saved: [y],
    vjp: (dy, [y]) => {
      const dx = emptyLike(y);
      softmaxBackward(y.device, { y: y.buffer, dy: dy.buffer, dx: dx.buffer }, sizes, { log });
      return [dx];
    },
  });
}
