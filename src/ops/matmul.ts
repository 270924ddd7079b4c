import { ShapeError } from "../errors.js";
import { columnSums } from "../kernels/column_sums.js";
import { matmul as multiply } from "../kernels/matmul.js";
import { checkOptions } from "../options.js";
import { formatShape } from "../shape.js";
import { scope } from "../tensor/scope.js";
import { record } from "../tensor/tape.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { requireDType, requireSameDevice } from "./checks.js";
import { planGradientA, planGradientB, planMatmul, type GradientProduct } from "./matmul_plan.js";
import { operandOf, productDType } from "./product_types.js";

/** Options of `matmul`. */
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
 *         leading axes broadcast. A vector a is a row, a vector b a column, and that axis is left out of y. y is f16 where a
 *         and b are, or inside autocast, else f32.
 * Range:  any sizes, 0 included: a sum of no terms is 0, or the bias.
 * Throws: DTypeError for integers; ShapeError if inner sizes, leading axes or the bias do not fit; UsageError for a
 *         transposed vector.
 * Source: da = dy bᵀ, db = aᵀ dy, dbias = column sums of dy; gradients of repeated operands are summed.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  checkOptions("matmul", options, ["transposeA", "transposeB", "bias"]);
  requireDType("matmul", "a", a, "f32", "f16");
  requireDType("matmul", "b", b, "f32", "f16");
  const { transposeA = false, transposeB = false, bias = null } = options;
  const plan = planMatmul("matmul", a.shape, b.shape, { transposeA, transposeB });
  requireSameDevice("matmul", a, b);
  if (bias) {
    requireDType("matmul", "bias", bias, "f32", "f16");
    requireSameDevice("matmul", a, bias);
    if (bias.rank !== 1 || bias.size !== plan.n) {
      throw new ShapeError(`matmul: bias must have one value a column, [${plan.n}], got ${formatShape(bias.shape)}`);
    }
  }
  return scope(() => {
    const [left, right] = [operandOf("matmul", a), operandOf("matmul", b)];
    const y = empty(a.device, plan.yShape, productDType(a, b));
    multiply(a.device, { a: left.buffer, b: right.buffer, y: y.buffer }, plan, bias ? { bias: bias.buffer } : {});
    const rows = plan.n === 0 ? 0 : y.size / plan.n;
    return record({
      op: "matmul",
      inputs: bias ? [a, b, bias] : [a, b],
      output: y,
      saved: [left, right],
      vjp: (dy, [a, b], needs, gradients) => [
        needs[0] ? gradient(planGradientA(plan), { a, b, dy }, gradients.empty(0)) : null,
        needs[1] ? gradient(planGradientB(plan), { a, b, dy }, gradients.empty(1)) : null,
        ...(bias ? [needs[2] ? sumsOf(dy, { groups: 1, rows, cols: plan.n }, gradients.empty(2)) : null] : []),
      ],
    });
  });
}

/** Written to `to`, which has the operand's shape. */
function gradient({ left, right, sizes, sums }: GradientProduct, operands: { a: Tensor; b: Tensor; dy: Tensor }, to: Tensor): Tensor {
  const { device } = to;
  if (to.size === 0) return to;
  const product = sums.length === 0 ? to : empty(device, [...sizes.batch!.extents, sizes.m, sizes.n]);
  multiply(device, { a: operands[left].buffer, b: operands[right].buffer, y: product.buffer }, sizes);
  return sums.reduce((x, sum, i) => sumsOf(x, sum, i === sums.length - 1 ? to : empty(device, [sum.groups, sum.cols])), product);
}

function sumsOf(x: Tensor, sizes: { groups: number; rows: number; cols: number }, to: Tensor): Tensor {
  columnSums(x.device, { x: x.buffer, y: to.buffer }, sizes);
  return to;
}
