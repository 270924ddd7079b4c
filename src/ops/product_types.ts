// The types of products: autocast's, or those of their operands. Sums are f32 in any case.
import { halfCopyOf } from "../kernels/half_copy.js";
import { autocastDType } from "../tensor/autocast.js";
import { requireDTypeOn, type DType } from "../tensor/dtype.js";
import { Tensor } from "../tensor/tensor.js";
import { converted } from "./cast.js";

/** What a product of these gives. */
export function productDType(...operands: readonly Tensor[]): DType {
  return autocastDType() ?? (operands.every(({ dtype }) => dtype === "f16") ? "f16" : "f32");
}

/**
 * x as a product reads it: inside autocast its f16 values, which are not on the tape. The op records x itself, so that
 * the gradient comes in x's own type. What is made here belongs to the scope around it.
 */
export function operandOf(op: string, x: Tensor): Tensor {
  const dtype = autocastDType();
  if (dtype === null || x.dtype === dtype) return x;
  requireDTypeOn(x.device, op, dtype);
  const copy = halfCopyOf(x.buffer);
  return copy ? new Tensor(x.device, x.shape, "f16", copy.buffer.retain(), copy.offset_bytes) : converted(x, "f16");
}
