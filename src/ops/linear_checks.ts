// Checks of linear and feedForward, before anything is launched.
import { ShapeError, UsageError } from "../errors.js";
import { fusedActivations, type FusedActivation } from "../kernels/matmul_finish.js";
import { formatShape, sameShape, sizeOf, type Shape } from "../shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { requireDType, requireRank, requireSameDevice } from "./checks.js";
import type { LinearSizes } from "./linear_gradients.js";

/** Throws unless x [..., in] fits weight [out, in] and bias [out]. `w` and `b` are the names of those two in errors. */
export function checkLinear(op: string, x: Tensor, weight: Tensor, bias: Tensor | null, w = "weight", b = "bias"): LinearSizes {
  requireDType(op, "x", x, "f32", "f16");
  checkWeight(op, x, weight, bias, w, b);
  requireRank(op, "x", x, { atLeast: 1 });
  const [outputs, inputs] = weight.shape as [number, number];
  if (x.shape[x.rank - 1] !== inputs) {
    throw new ShapeError(
      `${op}: x must end in the weight's ${inputs} inputs, got x ${formatShape(x.shape)} and ${w} ${formatShape(weight.shape)}; a weight is stored [out, in]`,
    );
  }
  return { rows: sizeOf(x.shape.slice(0, -1)), inputs, outputs };
}

/** Throws unless w2 [out, hidden] and b2 [out] fit what the first of two layers makes. */
export function checkSecond(op: string, x: Tensor, { rows, outputs: hidden }: LinearSizes, w2: Tensor, b2: Tensor | null): LinearSizes {
  checkWeight(op, x, w2, b2, "w2", "b2");
  const [outputs, inputs] = w2.shape as [number, number];
  if (inputs !== hidden) {
    throw new ShapeError(`${op}: w2 must take w1's ${hidden} hidden units, got w2 ${formatShape(w2.shape)}; a weight is stored [out, in]`);
  }
  return { rows, inputs, outputs };
}

function checkWeight(op: string, x: Tensor, weight: Tensor, bias: Tensor | null, w: string, b: string): void {
  requireDType(op, w, weight, "f32", "f16");
  requireRank(op, w, weight, { exactly: 2 });
  requireSameDevice(op, x, weight);
  if (!bias) return;
  requireDType(op, b, bias, "f32", "f16");
  requireSameDevice(op, x, bias);
  if (bias.rank !== 1 || bias.size !== weight.shape[0]) {
    throw new ShapeError(`${op}: ${b} must have one value a column, [${weight.shape[0]}], got ${formatShape(bias.shape)}`);
  }
}

/** Throws with the known names for any other. */
export function checkFusedActivation(op: string, activation: FusedActivation): void {
  if (Object.hasOwn(fusedActivations, activation)) return;
  throw new UsageError(`${op}: unknown activation, got "${String(activation)}"; use ${Object.keys(fusedActivations).join(", ")}, or apply another to the output`);
}

/** Throws unless the residual can be added to y. */
export function checkResidual(op: string, residual: Tensor, x: Tensor, shape: Shape): void {
  requireDType(op, "residual", residual, "f32", "f16");
  requireSameDevice(op, x, residual);
  if (!sameShape(residual.shape, shape)) {
    throw new ShapeError(`${op}: residual must have the shape of y, ${formatShape(shape)}, got ${formatShape(residual.shape)}`);
  }
}
