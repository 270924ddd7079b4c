import { ShapeError } from "../errors.js";
import { columnSums } from "../kernels/column_sums.js";
import { matmul as multiply } from "../kernels/matmul.js";
import { checkOptions } from "../options.js";
import { formatShape, sizeOf, type Shape } from "../shape.js";
import { scope } from "../tensor/scope.js";
import { record } from "../tensor/tape.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { requireDType, requireSameDevice } from "./checks.js";
import { planGradientA, planGradientB, planMatmul, type GradientProduct, type MatmulPlan } from "./matmul_plan.js";

export interface MatmulOptions {
  /** `a` is stored with its last two axes exchanged. False by default. */
  transposeA?: boolean;
  /** `b` is stored with its last two axes exchanged, as the weight of a linear layer is. False by default. */
  transposeB?: boolean;
  /** [n], added to every row of the product. */
  bias?: Tensor | null;
}

/**
 * Matrix product y_ij = sum_p a_ip * b_pj (+ bias_j), over the last two axes.
 *
 * Shapes: a [..., m, k] (stored [..., k, m] with transposeA), b [..., k, n] ([..., n, k] with transposeB) -> y [..., m, n];
 *         leading axes broadcast. A vector a is a row, a vector b a column, and that axis is left out of y. f32.
 * Range:  any sizes, 0 included: a sum of no terms is 0, or the bias.
 * Throws: DTypeError unless f32; ShapeError if inner sizes, leading axes or the bias do not fit; UsageError for a
 *         transposed vector.
 * Source: da = dy bᵀ, db = aᵀ dy, dbias = column sums of dy; gradients of repeated operands are summed.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  checkOptions("matmul", options, ["transposeA", "transposeB", "bias"]);
  requireDType("matmul", "a", a, "f32");
  requireDType("matmul", "b", b, "f32");
  const { transposeA = false, transposeB = false, bias = null } = options;
  return product("matmul", a, b, bias, planMatmul("matmul", a.shape, b.shape, { transposeA, transposeB }));
}

/** The product as a recorded op. `op` is the name in errors and on the tape. */
export function product(op: string, a: Tensor, b: Tensor, bias: Tensor | null, plan: MatmulPlan): Tensor {
  requireSameDevice(op, a, b);
  if (bias) {
    requireDType(op, "bias", bias, "f32");
    requireSameDevice(op, a, bias);
    if (bias.rank !== 1 || bias.size !== plan.n) {
      throw new ShapeError(`${op}: bias must have one value a column, [${plan.n}], got ${formatShape(bias.shape)}`);
    }
  }
  const y = empty(a.device, plan.yShape);
  multiply(a.device, { a: a.buffer, b: b.buffer, y: y.buffer }, plan, bias ? { bias: bias.buffer } : {});
  const rows = plan.n === 0 ? 0 : y.size / plan.n;
  return record({
    op,
    inputs: bias ? [a, b, bias] : [a, b],
    output: y,
    saved: [a, b],
    vjp: (dy, [a, b], needs) => [
      needs[0] ? gradient(planGradientA(plan), { a, b, dy }, a.shape) : null,
      needs[1] ? gradient(planGradientB(plan), { a, b, dy }, b.shape) : null,
      ...(bias ? [needs[2] ? sumsOf(dy, { groups: 1, rows, cols: plan.n }, [plan.n]) : null] : []),
    ],
  });
}

function gradient({ left, right, sizes, sums }: GradientProduct, operands: { a: Tensor; b: Tensor; dy: Tensor }, shape: Shape): Tensor {
  const { device } = operands.dy;
  if (sizeOf(shape) === 0) return empty(device, shape);
  return scope(() => {
    const full = sums.length === 0 ? shape : [...sizes.batch!.extents, sizes.m, sizes.n];
    const partial = empty(device, full);
    multiply(device, { a: operands[left].buffer, b: operands[right].buffer, y: partial.buffer }, sizes);
    return sums.reduce((x, sum, i) => sumsOf(x, sum, i === sums.length - 1 ? shape : [sum.groups, sum.cols]), partial);
  });
}

function sumsOf(x: Tensor, sizes: { groups: number; rows: number; cols: number }, shape: Shape): Tensor {
  const y = empty(x.device, shape);
  columnSums(x.device, { x: x.buffer, y: y.buffer }, sizes);
  return y;
}
