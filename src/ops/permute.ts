import { UsageError } from "../errors.js";
import { stridedCopy } from "../kernels/strided_copy.js";
import { normalizeAxis, stridesOf } from "../shape.js";
import { record } from "../tensor/tape.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { requireTensor } from "./checks.js";

/**
 * Reorders the axes: axis i of the result is axis axes[i] of x.
 *
 * Shapes: x [a, b, c] with axes [2, 0, 1] -> y [c, a, b], any dtype. A copy, unless only axes of extent 1 move: then it
 *         shares memory.
 * Throws: UsageError unless `axes` names every axis once; ShapeError past 6 axes after merging neighbours.
 * Source: backward permutes dy with the inverse order.
 */
export function permute(x: Tensor, axes: readonly number[]): Tensor {
  requireTensor("permute", "x", x);
  if (!Array.isArray(axes) || axes.length !== x.rank) {
    throw new UsageError(`permute: axes must name each of ${x.rank} axes once, got ${JSON.stringify(axes)}`);
  }
  const order = axes.map((axis) => normalizeAxis("permute", axis, x.rank));
  if (new Set(order).size !== order.length) throw new UsageError(`permute: an axis is named twice, got [${axes.join(", ")}]`);
  return permuted("permute", x, order);
}

/**
 * Exchanges two axes: the last two by default.
 *
 * Shapes: x [..., a, b] -> y [..., b, a], any dtype.
 * Throws: ShapeError if an axis is out of range.
 * Source: permute; both extents multiples of four take a blocked kernel.
 */
export function transpose(x: Tensor, axis0 = -2, axis1 = -1): Tensor {
  requireTensor("transpose", "x", x);
  const order = x.shape.map((_, axis) => axis);
  const first = normalizeAxis("transpose", axis0, x.rank);
  const second = normalizeAxis("transpose", axis1, x.rank);
  order[first] = second;
  order[second] = first;
  return permuted("transpose", x, order);
}

function permuted(op: string, x: Tensor, order: readonly number[]): Tensor {
  const inverse = order.map((_, axis) => order.indexOf(axis));
  return record({ op, inputs: [x], output: reorder(op, x, order), saved: [], vjp: (dy) => [reorder(op, dy, inverse)] });
}

function reorder(op: string, x: Tensor, order: readonly number[]): Tensor {
  const shape = order.map((axis) => x.shape[axis]!);
  const moved = order.filter((axis) => x.shape[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)) return x.view(shape);
  const strides = stridesOf(x.shape);
  const y = empty(x.device, shape, x.dtype);
  stridedCopy(x.device, op, { x: x.buffer, y: y.buffer }, { extents: shape, x: { strides: order.map((axis) => strides[axis]!) }, y: { strides: stridesOf(shape) } });
  return y;
}
