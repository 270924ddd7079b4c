import { mapUnary } from "../kernels/map.js";
import { checkDType, type DType } from "../tensor/dtype.js";
import { record } from "../tensor/tape.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { requireTensor } from "./checks.js";

/**
 * x converted to another element type. To the same type, a view. Only f32 to f32 has a gradient.
 *
 * Shapes: x any -> y the same.
 * Range:  f32 to an integer drops the fraction and stops at the type's limits (NaN: unspecified); between i32 and
 *         u32 the bits stay.
 * Throws: DTypeError for an unknown dtype.
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  requireTensor("cast", "x", x);
  checkDType("cast", dtype);
  if (dtype === x.dtype) return record({ op: "cast", inputs: [x], output: x.detach(), saved: [], vjp: (dy) => [dy] });
  const y = empty(x.device, x.shape, dtype);
  mapUnary(x.device, "cast", { x: x.buffer, y: y.buffer }, x.size, { Element: x.dtype, Result: dtype });
  return y;
}
