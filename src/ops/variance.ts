import { UsageError } from "../errors.js";
import { reduceBackward } from "../kernels/reduce_backward.js";
import { checkNumber } from "../options.js";
import { sizeOf } from "../shape.js";
import { scope } from "../tensor/scope.js";
import { record } from "../tensor/tape.js";
import { emptyLike, type Tensor } from "../tensor/tensor.js";
import { inF32 } from "./cast.js";
import { requireDType } from "./checks.js";
import { reduceTensor, resolveReduction, type ReduceOptions } from "./reduction.js";

/** Options of `variance`. */
export interface VarianceOptions extends ReduceOptions {
  /** What is taken off the count of elements: 1 by default (Bessel's correction), 0 for the population's variance. */
  correction?: number;
}

/**
 * Variance over axes: y_k = 1/(n - correction) sum_r (x_kr - mean_k)^2.
 *
 * Shapes: x -> x without the reduced axes (with extent 1 if keepDims), f32.
 * Range:  any finite x: the mean is taken first, so a large common offset costs no accuracy beyond its own rounding.
 * Throws: DTypeError unless f32; UsageError unless n > correction (PyTorch gives NaN there).
 * Source: two passes; backward dx = 2 (x - mean) / (n - correction) dy.
 */
export function variance(x: Tensor, options: VarianceOptions = {}): Tensor {
  requireDType("variance", "x", x, "f32", "f16");
  if (x.dtype === "f16") return inF32(x, (x) => variance(x, options));
  const { axes, shape, count } = resolveReduction("variance", x, options, ["correction"]);
  const correction = checkNumber("variance", "correction", options.correction ?? 1);
  const freedom = count - correction;
  if (freedom <= 0 && sizeOf(shape) > 0) {
    throw new UsageError(`variance: needs more elements than the correction, got ${count} with correction ${correction}; reduce more axes or pass { correction: 0 }`);
  }
  return scope(() => {
    const mean = reduceTensor("variance", "mean", x, axes, shape, { scale: 1 / count });
    return record({
      op: "variance",
      inputs: [x],
      output: reduceTensor("variance", "square_deviation", x, axes, shape, { s: mean, scale: 1 / freedom }),
      saved: [x, mean],
      vjp: (dy, [x, mean]) => {
        const dx = emptyLike(x);
        const buffers = { x: x.buffer, s: mean.buffer, dy: dy.buffer, dx: dx.buffer };
        reduceBackward(x.device, buffers, { op: "variance", vjp: "square_deviation", shape: x.shape, axes, scale: 2 / freedom });
        return [dx];
      },
    });
  });
}
