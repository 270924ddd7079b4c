import { reduceBackward } from "../kernels/reduce_backward.js";
import { record } from "../tensor/tape.js";
import { emptyLike, type Tensor } from "../tensor/tensor.js";
import { inF32 } from "./cast.js";
import { requireTensor } from "./checks.js";
import { reduceTensor, requireElements, resolveReduction, type ReduceOptions } from "./reduction.js";

/**
 * Largest element over axes: y_k = max_r x_kr.
 *
 * Shapes: x -> x without the reduced axes (with extent 1 if keepDims), f32, i32 or u32.
 * Range:  NaN if any element is NaN.
 * Throws: ShapeError if an axis is out of range or there is nothing to reduce.
 * Source: PyTorch's amax: backward gives dy in equal parts to all elements that equal the maximum.
 */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  return extremum("max", x, options);
}

/**
 * Smallest element over axes: y_k = min_r x_kr.
 *
 * Shapes: x -> x without the reduced axes (with extent 1 if keepDims), f32, i32 or u32.
 * Range:  NaN if any element is NaN.
 * Throws: ShapeError if an axis is out of range or there is nothing to reduce.
 * Source: PyTorch's amin: backward gives dy in equal parts to all elements that equal the minimum.
 */
export function min(x: Tensor, options: ReduceOptions = {}): Tensor {
  return extremum("min", x, options);
}

function extremum(op: "max" | "min", x: Tensor, options: ReduceOptions): Tensor {
  requireTensor(op, "x", x);
  if (x.dtype === "f16") return inF32(x, (x) => extremum(op, x, options));
  const reduced = resolveReduction(op, x, options);
  requireElements(op, x, reduced);
  const { axes, shape } = reduced;
  const y = reduceTensor(op, x.dtype === "f32" ? op : `${op}_integer`, x, axes, shape);
  return record({
    op,
    inputs: [x],
    output: y,
    saved: [x, y],
    vjp: (dy, [x, y]) => {
      const ties = reduceTensor(op, "ties", x, axes, shape, { s: y });
      const dx = emptyLike(x);
      const buffers = { x: x.buffer, s: y.buffer, dy: dy.buffer, ties: ties.buffer, dx: dx.buffer };
      reduceBackward(x.device, buffers, { op, vjp: "extremum", shape: x.shape, axes });
      return [dx];
    },
  });
}
