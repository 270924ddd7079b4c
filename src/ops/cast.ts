import { mapUnary } from "../kernels/map.js";
import { checkDType, computedIn, isFloat, requireDTypeOn, type DType } from "../tensor/dtype.js";
import { scope } from "../tensor/scope.js";
import { record } from "../tensor/tape.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { requireTensor } from "./checks.js";

/**
 * x converted to another element type. To the same type, a view. Between f32 and f16 it has a gradient, the converted dy.
 *
 * Shapes: x any -> y the same.
 * Range:  f32 to f16 rounds to a neighbour, the nearest on every adapter known; from 65520 on it gives infinity. A float
 *         to an integer drops the fraction and stops at the type's limits (NaN: unspecified); between i32 and u32 the
 *         bits stay.
 * Throws: DTypeError for an unknown dtype; FeatureError for f16 on an adapter without "shader-f16".
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  requireTensor("cast", "x", x);
  checkDType("cast", dtype);
  requireDTypeOn(x.device, "cast", dtype);
  if (dtype === x.dtype) return record({ op: "cast", inputs: [x], output: x.detach(), saved: [], vjp: (dy) => [dy] });
  const y = converted(x, dtype);
  if (!isFloat(dtype) || !isFloat(x.dtype)) return y;
  return record({ op: "cast", inputs: [x], output: y, saved: [], vjp: (dy, _, __, gradients) => [convertInto(dy, gradients.empty(0))] });
}

/** A converted copy, not on the tape. */
export function converted(x: Tensor, dtype: DType): Tensor {
  return convertInto(x, empty(x.device, x.shape, dtype));
}

function convertInto(x: Tensor, y: Tensor): Tensor {
  mapUnary(x.device, "cast", { x: x.buffer, y: y.buffer }, x.size, { Element: computedIn(x.dtype), Result: computedIn(y.dtype) });
  return y;
}

/** `f` of x in f32: how ops that sum, compare or normalise take f16. Their results are f32. */
export function inF32(x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  return scope(() => f(x.dtype === "f16" ? cast(x, "f32") : x));
}
