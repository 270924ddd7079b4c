import { UsageError } from "../errors.js";
import { reduceBackward } from "../kernels/reduce_backward.js";
import { record } from "../tensor/tape.js";
import { emptyLike, type Tensor } from "../tensor/tensor.js";
import { inF32 } from "./cast.js";
import { requireDType } from "./checks.js";
import { reduceTensor, requireElements, resolveReduction, type ReduceOptions } from "./reduction.js";

/** Options of `norm`. */
export interface NormOptions extends ReduceOptions {
  /** 1, 2 (the default) or Infinity. */
  p?: number;
}

const kinds = new Map<number, "norm_1" | "norm_2" | "norm_infinity">([
  [1, "norm_1"],
  [2, "norm_2"],
  [Infinity, "norm_infinity"],
]);

/**
 * Vector norm over axes: sum |x|, sqrt(sum x^2) or max |x|.
 *
 * Shapes: x -> x without the reduced axes (with extent 1 if keepDims), f32. The 1- and 2-norm of nothing are 0.
 * Range:  p = 1, 2 or Infinity; for p = 2 the squares must stay in f32's range, 1e-19 < |x| < 1e19.
 * Throws: DTypeError unless f32; UsageError for another p; ShapeError for the infinity norm of nothing.
 * Source: PyTorch's linalg.vector_norm. Backward: sign(x) dy; x / y dy, 0 where y = 0; sign(x) dy in equal parts to the
 *         elements with |x| = y.
 */
export function norm(x: Tensor, options: NormOptions = {}): Tensor {
  requireDType("norm", "x", x, "f32", "f16");
  if (x.dtype === "f16") return inF32(x, (x) => norm(x, options));
  const reduced = resolveReduction("norm", x, options, ["p"]);
  const kind = kinds.get(options.p ?? 2);
  if (!kind) throw new UsageError(`norm: p must be 1, 2 or Infinity, got ${String(options.p)}`);
  if (kind === "norm_infinity") requireElements("norm", x, reduced);
  const { axes, shape } = reduced;
  const y = reduceTensor("norm", kind, x, axes, shape);
  return record({
    op: "norm",
    inputs: [x],
    output: y,
    saved: [x, y],
    vjp: (dy, [x, y]) => {
      const ties = kind === "norm_infinity" ? { ties: reduceTensor("norm", "ties_absolute", x, axes, shape, { s: y }).buffer } : {};
      const dx = emptyLike(x);
      reduceBackward(x.device, { x: x.buffer, s: y.buffer, dy: dy.buffer, dx: dx.buffer, ...ties }, { op: "norm", vjp: kind, shape: x.shape, axes });
      return [dx];
    },
  });
}
