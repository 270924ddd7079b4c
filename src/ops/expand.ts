import { ShapeError } from "../errors.js";
import { checkShape, formatShape, type Shape } from "../shape.js";
import { record } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";
import { broadcastTo, sumToShape } from "./broadcast.js";
import { requireTensor } from "./checks.js";

/**
 * Repeats x along new leading axes and along axes of extent 1, until it has `shape`. The result is a copy.
 *
 * Shapes: x [b, 1] -> y [a, b, c]; aligned at the right as in broadcasting, any dtype.
 * Throws: ShapeError if an extent of x is neither 1 nor that of `shape`.
 * Source: y_ij = x_i; backward sums dy over the repeated axes.
 */
export function expand(x: Tensor, shape: Shape): Tensor {
  requireTensor("expand", "x", x);
  checkShape("expand", shape);
  const lead = shape.length - x.rank;
  if (lead < 0 || !x.shape.every((extent, axis) => extent === 1 || extent === shape[axis + lead])) {
    throw new ShapeError(
      `expand: shapes do not fit, got ${formatShape(x.shape)} for ${formatShape(shape)}; extents aligned at the right must be 1 or equal`,
    );
  }
  const before = x.shape;
  return record({ op: "expand", inputs: [x], output: broadcastTo("expand", x, shape), saved: [], vjp: (dy) => [sumToShape(dy, before)] });
}
