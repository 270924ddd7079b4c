import { ShapeError, UsageError } from "../errors.js";
import { argExtremum } from "../kernels/arg_extremum.js";
import { checkOptions } from "../options.js";
import { formatShape, normalizeAxis, reducedShape, splitAtAxis, type Shape } from "../shape.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { inF32 } from "./cast.js";
import { requireTensor } from "./checks.js";

/** Options of `argmax` and `argmin`. */
export interface ArgOptions {
  /** The axis to search; by default x is searched as one row. */
  axis?: number;
  /** Keep the searched axis, or without `axis` every axis, with extent 1. False by default. */
  keepDims?: boolean;
}

/**
 * Index of the largest element along an axis: y_k = the first r with x_kr = max_r x_kr.
 *
 * Shapes: x, f32, i32 or u32 -> i32 without the axis (with extent 1 if keepDims); without `axis` a position in
 *         row-major order.
 * Range:  the first NaN wins over every number. No gradient.
 * Throws: ShapeError if the axis is out of range or has extent 0.
 * Source: PyTorch's argmax, and always the first of equals.
 */
export function argmax(x: Tensor, options: ArgOptions = {}): Tensor {
  return argOf("argmax", x, options);
}

/**
 * Index of the smallest element along an axis: y_k = the first r with x_kr = min_r x_kr.
 *
 * Shapes: x, f32, i32 or u32 -> i32 without the axis (with extent 1 if keepDims); without `axis` a position in
 *         row-major order.
 * Range:  the first NaN wins over every number. No gradient.
 * Throws: ShapeError if the axis is out of range or has extent 0.
 * Source: PyTorch's argmin, and always the first of equals.
 */
export function argmin(x: Tensor, options: ArgOptions = {}): Tensor {
  return argOf("argmin", x, options);
}

function argOf(op: string, x: Tensor, options: ArgOptions): Tensor {
  requireTensor(op, "x", x);
  if (x.dtype === "f16") return inF32(x, (x) => argOf(op, x, options));
  checkOptions(op, options, ["axis", "keepDims"]);
  if (options.axis !== undefined && typeof options.axis !== "number") {
    throw new UsageError(`${op}: axis must be one whole number, got ${JSON.stringify(options.axis)}; flatten the axes first`);
  }
  const axes = options.axis === undefined ? x.shape.map((_, axis) => axis) : [normalizeAxis(op, options.axis, x.rank)];
  const sizes = options.axis === undefined ? { outer: 1, extent: x.size, inner: 1 } : splitAtAxis(x.shape, axes[0]!);
  const shape: Shape = reducedShape(x.shape, axes, options.keepDims ?? false);
  if (sizes.extent === 0 && sizes.outer * sizes.inner > 0) throw new ShapeError(`${op}: nothing to search, got ${formatShape(x.shape)}; the axis must have elements`);
  const y = empty(x.device, shape, "i32");
  argExtremum(x.device, { x: x.buffer, y: y.buffer }, { ...sizes, dtype: x.dtype, minimum: op === "argmin" });
  return y;
}
