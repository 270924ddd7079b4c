// Shapes of a matrix product, and the products that make its gradients. Pure.
import { ShapeError, UsageError } from "../errors.js";
import type { MatmulBatch, MatmulSizes } from "../kernels/matmul.js";
import { broadcastShapes, broadcastStrides, collapseAxes, formatShape, sizeOf, type Shape } from "../shape.js";

export interface Transposes {
  transposeA: boolean;
  transposeB: boolean;
}

/** y = op(a) · op(b), m x k times k x n for every batch, and the shape that the user sees. */
export interface MatmulPlan extends Transposes {
  m: number;
  n: number;
  k: number;
  batch: MatmulBatch;
  yShape: number[];
}

/** PyTorch's rules: 1-D operands are a row on the left and a column on the right; leading axes broadcast. */
export function planMatmul(op: string, a: Shape, b: Shape, { transposeA, transposeB }: Transposes): MatmulPlan {
  if (a.length === 0 || b.length === 0) {
    throw new ShapeError(`${op}: a and b must have at least 1 dimension, got ${formatShape(a)} and ${formatShape(b)}; use mul() for scalars`);
  }
  if ((transposeA && a.length === 1) || (transposeB && b.length === 1)) {
    throw new UsageError(`${op}: a vector cannot be transposed, got a ${formatShape(a)} and b ${formatShape(b)}; leave the option out`);
  }
  const aMatrix = a.length === 1 ? [1, a[0]!] : a.slice(-2);
  const bMatrix = b.length === 1 ? [b[0]!, 1] : b.slice(-2);
  const [m, k] = transposeA ? [aMatrix[1]!, aMatrix[0]!] : [aMatrix[0]!, aMatrix[1]!];
  const [inner, n] = transposeB ? [bMatrix[1]!, bMatrix[0]!] : [bMatrix[0]!, bMatrix[1]!];
  if (k !== inner) {
    const read = (name: string, shape: Shape, transposed: boolean) => `${name} is ${formatShape(shape)}${transposed ? " transposed" : ""}`;
    throw new ShapeError(`${op}: inner sizes differ, got ${k} and ${inner}: ${read("a", a, transposeA)} and ${read("b", b, transposeB)}; transpose or reshape one`);
  }
  const aBatch = a.slice(0, -2);
  const bBatch = b.slice(0, -2);
  const extents = broadcastShapes(op, aBatch, bBatch);
  const strides = (shape: Shape, matrix: number) => broadcastStrides(shape, extents).map((stride) => stride * matrix);
  const walk = collapseAxes(extents, [strides(aBatch, m * k), strides(bBatch, k * n)]);
  const batch = dropOnes({ extents: walk.extents, a: walk.strides[0]!, b: walk.strides[1]! });
  const yShape = [...extents, ...(a.length === 1 ? [] : [m]), ...(b.length === 1 ? [] : [n])];
  return foldRows({ m, n, k, transposeA, transposeB, batch, yShape });
}

function dropOnes(batch: MatmulBatch): MatmulBatch {
  return batch.extents.length === 1 && batch.extents[0] === 1 ? { extents: [], a: [], b: [] } : batch;
}

/** Where one `b` serves a stack of `a`s, the stack is one taller matrix: one product, and no reduction for db. */
function foldRows(plan: MatmulPlan): MatmulPlan {
  const { extents, a, b } = plan.batch;
  const last = extents.length - 1;
  if (last < 0 || plan.transposeA || b[last] !== 0 || a[last] !== plan.m * plan.k) return plan;
  return { ...plan, m: plan.m * extents[last]!, batch: { extents: extents.slice(0, -1), a: a.slice(0, -1), b: b.slice(0, -1) } };
}

/** One product of a gradient. `left` and `right` name its operands; it has a matrix for every batch. */
export interface GradientProduct {
  left: "a" | "b" | "dy";
  right: "a" | "b" | "dy";
  sizes: MatmulSizes;
  /** Batch axes along which the operand was repeated: to be summed, as [groups, rows, cols], in this order. */
  sums: { groups: number; rows: number; cols: number }[];
}

/** da = dy · op(b)ᵀ, or its transpose where a is stored transposed. */
export function planGradientA(plan: MatmulPlan): GradientProduct {
  const { m, n, k, transposeA, transposeB, batch } = plan;
  const dy = denseStrides(batch.extents, m * n);
  const sums = repeatedAxes(batch.extents, batch.a, m * k);
  if (transposeA) {
    const sizes = { m: k, n: m, k: n, transposeA: transposeB, transposeB: true, batch: { extents: batch.extents, a: batch.b, b: dy } };
    return { left: "b", right: "dy", sizes, sums };
  }
  const sizes = { m, n: k, k: n, transposeA: false, transposeB: !transposeB, batch: { extents: batch.extents, a: dy, b: batch.b } };
  return { left: "dy", right: "b", sizes, sums };
}

/** db = op(a)ᵀ · dy, or its transpose where b is stored transposed. */
export function planGradientB(plan: MatmulPlan): GradientProduct {
  const { m, n, k, transposeA, transposeB, batch } = plan;
  const dy = denseStrides(batch.extents, m * n);
  const sums = repeatedAxes(batch.extents, batch.b, k * n);
  if (transposeB) {
    const sizes = { m: n, n: k, k: m, transposeA: true, transposeB: transposeA, batch: { extents: batch.extents, a: dy, b: batch.a } };
    return { left: "dy", right: "a", sizes, sums };
  }
  const sizes = { m: k, n, k: m, transposeA: !transposeA, transposeB: false, batch: { extents: batch.extents, a: batch.a, b: dy } };
  return { left: "a", right: "dy", sizes, sums };
}

function denseStrides(extents: readonly number[], matrix: number): number[] {
  return extents.map((_, axis) => sizeOf(extents.slice(axis + 1)) * matrix);
}

/** Sums over the repeated axes, innermost first; each leaves an extent of 1. */
function repeatedAxes(extents: readonly number[], strides: readonly number[], matrix: number): GradientProduct["sums"] {
  const left = [...extents];
  const sums: GradientProduct["sums"] = [];
  for (let axis = extents.length - 1; axis >= 0; axis--) {
    if (strides[axis] !== 0) continue;
    sums.push({ groups: sizeOf(left.slice(0, axis)), rows: left[axis]!, cols: sizeOf(left.slice(axis + 1)) * matrix });
    left[axis] = 1;
  }
  return sums;
}
