// What the reductions share: options, axes, and the launch. Private to the ops folder.
import { ShapeError } from "../errors.js";
import { reduce, type Reduction } from "../kernels/reduce.js";
import { checkOptions } from "../options.js";
import { formatShape, normalizeAxes, reducedShape, sizeOf, type Shape } from "../shape.js";
import { scope } from "../tensor/scope.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { converted } from "./cast.js";
import { emptyCleared } from "./cleared.js";

/** Options of reductions: `sum`, `mean`, `max`, `min`. */
export interface ReduceOptions {
  /** The axes to reduce: all by default. Negative ones count from the end. */
  axis?: number | readonly number[];
  /** Keep reduced axes with extent 1. False by default. */
  keepDims?: boolean;
}

/** A reduction worked out against a shape. */
export interface Reduced {
  axes: number[];
  /** Shape of the result. */
  shape: number[];
  /** Elements that go into one output. */
  count: number;
}

export function resolveReduction(op: string, x: Tensor, options: ReduceOptions, known: readonly string[] = []): Reduced {
  checkOptions(op, options, ["axis", "keepDims", ...known]);
  const axes = normalizeAxes(op, options.axis, x.rank);
  return { axes, shape: reducedShape(x.shape, axes, options.keepDims ?? false), count: sizeOf(axes.map((axis) => x.shape[axis]!)) };
}

/** Throws where outputs exist but nothing goes into them, for reductions without a value for nothing. */
export function requireElements(op: string, x: Tensor, { count, shape }: Reduced): void {
  if (count > 0 || sizeOf(shape) === 0) return;
  throw new ShapeError(`${op}: nothing to reduce, got ${formatShape(x.shape)}; an extent of 0 among the reduced axes has no ${op}`);
}

/** Launches the reduction into a new tensor, f32 for f16; the reduction of nothing is 0. Not on the tape. */
export function reduceTensor(op: string, reduction: Reduction, x: Tensor, axes: readonly number[], shape: Shape, extra: { s?: Tensor; scale?: number } = {}): Tensor {
  if (x.dtype === "f16") return scope(() => reduceTensor(op, reduction, converted(x, "f32"), axes, shape, extra));
  if (x.size === 0) return emptyCleared(x.device, shape, x.dtype);
  const y = empty(x.device, shape, x.dtype);
  const { s, scale } = extra;
  reduce(
    x.device,
    { x: x.buffer, y: y.buffer, ...(s ? { s: s.buffer } : {}) },
    { op, reduction, dtype: x.dtype, shape: x.shape, axes, ...(scale === undefined ? {} : { scale }) },
  );
  return y;
}
