// What elementwise losses share. Private to the ops folder.
import { ShapeError } from "../errors.js";
import type { Reduction } from "../kernels/loss_reduce.js";
import { pointwiseLoss, pointwiseLossBackward, pointwiseLossTotal, type PointwiseLoss } from "../kernels/pointwise_loss.js";
import { formatShape, sameShape } from "../shape.js";
import { record } from "../tensor/tape.js";
import { empty, emptyLike, Tensor } from "../tensor/tensor.js";
import { inF32 } from "./cast.js";
import { requireDType, requireSameDevice } from "./checks.js";

/** The recorded op. A tensor `posWeight` repeats along the elements of x. */
export function lossOfElements(op: string, loss: PointwiseLoss, x: Tensor, target: Tensor, reduction: Reduction, posWeight: number | Tensor = 1): Tensor {
  requireDType(op, "x", x, "f32", "f16");
  requireDType(op, "target", target, "f32", "f16");
  if (x.dtype === "f16" || target.dtype === "f16") {
    return inF32(x, (x) => inF32(target, (target) => lossOfElements(op, loss, x, target, reduction, posWeight)));
  }
  const weights = posWeight instanceof Tensor ? posWeight : null;
  requireSameDevice(op, x, target, ...(weights ? [weights] : []));
  if (!sameShape(x.shape, target.shape)) {
    throw new ShapeError(`${op}: x and target must have the same shape, got ${formatShape(x.shape)} and ${formatShape(target.shape)}; use reshape() or expand()`);
  }
  const { device, size } = x;
  const factor = (tensor: Tensor) => (posWeight instanceof Tensor ? { slice: tensor.buffer, period: tensor.size } : posWeight);
  const y = empty(device, reduction === "none" ? x.shape : []);
  // What a mean divides by.
  const norm = reduction === "none" ? null : empty(device, []);
  const operands = { x: x.buffer, t: target.buffer, y: y.buffer };
  if (norm && reduction !== "none") pointwiseLossTotal(device, loss, { ...operands, norm: norm.buffer }, { size, reduction }, factor(weights ?? x));
  else pointwiseLoss(device, loss, operands, size, factor(weights ?? x));
  const output = record({
    op,
    inputs: [x, target],
    output: y,
    // x stands in for what there is not; kernels do not read it there.
    saved: [x, target, weights ?? x, norm ?? x],
    vjp: (dy, [x, target, weights, norm], needs) =>
      ([false, true] as const).map((forTarget, i) => {
        if (!needs[i]) return null;
        const d = emptyLike(x);
        const buffers = { x: x.buffer, t: target.buffer, dy: dy.buffer, norm: norm.buffer, d: d.buffer };
        pointwiseLossBackward(x.device, loss, buffers, { size, reduction, forTarget }, factor(weights));
        return d;
      }),
  });
  norm?.dispose();
  return output;
}
