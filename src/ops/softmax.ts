import { softmaxBackward, softmaxForward } from "../kernels/softmax.js";
import { asRows } from "../shape.js";
import { record } from "../tensor/tape.js";
import { emptyLike, type Tensor } from "../tensor/tensor.js";
import { requireDType, requireRank } from "./checks.js";

/**
 * Softmax over the last axis: y_i = exp(x_i) / sum_j exp(x_j).
 *
 * Shapes: x [..., n] -> y [..., n], f32, n >= 1.
 * Range:  any finite x; the row maximum is subtracted first.
 * Throws: DTypeError unless f32; ShapeError if x is a scalar.
 * Source: two-pass form; backward dx = y * (dy - sum(y * dy)).
 */
export function softmax(x: Tensor): Tensor {
  requireDType("softmax", "x", x, "f32");
  requireRank("softmax", "x", x, { atLeast: 1 });
  const sizes = asRows(x.shape);
  const y = emptyLike(x);
  softmaxForward(x.device, { x: x.buffer, y: y.buffer }, sizes);
  return record({
    op: "softmax",
    inputs: [x],
    output: y,
    saved: [y],
    vjp: (dy, [y]) => {
      const dx = emptyLike(y);
      softmaxBackward(y.device, { y: y.buffer, dy: dy.buffer, dx: dx.buffer }, sizes);
      return [dx];
    },
  });
}
