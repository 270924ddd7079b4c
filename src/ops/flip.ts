import { stridedCopy } from "../kernels/strided_copy.js";
import { normalizeAxes, stridesOf } from "../shape.js";
import { record } from "../tensor/tape.js";
import { emptyLike, type Tensor } from "../tensor/tensor.js";
import { requireTensor } from "./checks.js";

/**
 * Reverses the order of elements along axes: all of them by default.
 *
 * Shapes: x -> y of the same shape, any dtype.
 * Throws: ShapeError if an axis is out of range, UsageError if one is named twice.
 * Source: y_i = x_(n - 1 - i); backward flips dy.
 */
export function flip(x: Tensor, axes?: number | readonly number[]): Tensor {
  requireTensor("flip", "x", x);
  const reversed = normalizeAxes("flip", axes, x.rank);
  return record({ op: "flip", inputs: [x], output: flipped(x, reversed), saved: [], vjp: (dy) => [flipped(dy, reversed)] });
}

function flipped(x: Tensor, axes: readonly number[]): Tensor {
  const strides = stridesOf(x.shape);
  const from = [...strides];
  let offset = 0;
  for (const axis of axes) {
    from[axis] = -strides[axis]!;
    offset += (x.shape[axis]! - 1) * strides[axis]!;
  }
  const y = emptyLike(x);
  stridedCopy(x.device, "flip", { x: x.buffer, y: y.buffer }, { extents: x.shape, x: { offset, strides: from }, y: { strides } });
  return y;
}
