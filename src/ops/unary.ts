// Arithmetic of one operand.
import type { Tensor } from "../tensor/tensor.js";
import { unaryOp } from "./map_unary.js";

/**
 * y = -x.
 *
 * Shapes: x any -> y the same, f32, f16 or i32.
 * Throws: DTypeError for u32.
 */
export function neg(x: Tensor): Tensor {
  return unaryOp("neg", { f: "neg", saves: "nothing", dtypes: ["f32", "f16", "i32"] }, x);
}

/**
 * y = |x|. The gradient at 0 is 0.
 *
 * Shapes: x any -> y the same, f32, f16 or i32.
 * Throws: DTypeError for u32.
 */
export function abs(x: Tensor): Tensor {
  return unaryOp("abs", { f: "abs", saves: "x", dtypes: ["f32", "f16", "i32"] }, x);
}

/**
 * y = -1, 0 or 1 by the sign of x. The gradient is 0.
 *
 * Shapes: x any -> y the same, f32, f16 or i32.
 * Range:  NaN gives NaN.
 * Throws: DTypeError for u32.
 */
export function sign(x: Tensor): Tensor {
  return unaryOp("sign", { f: "sign", saves: "nothing", dtypes: ["f32", "f16", "i32"] }, x);
}

/**
 * The largest whole number not above x. The gradient is 0.
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Throws: DTypeError for integers.
 */
export function floor(x: Tensor): Tensor {
  return unaryOp("floor", { f: "floor", saves: "nothing" }, x);
}

/**
 * The smallest whole number not below x. The gradient is 0.
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Throws: DTypeError for integers.
 */
export function ceil(x: Tensor): Tensor {
  return unaryOp("ceil", { f: "ceil", saves: "nothing" }, x);
}

/**
 * The nearest whole number; halfway between two, the even one. The gradient is 0.
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Throws: DTypeError for integers.
 */
export function round(x: Tensor): Tensor {
  return unaryOp("round", { f: "round", saves: "nothing" }, x);
}

/**
 * y = 1 / x.
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Range:  infinity at 0.
 * Throws: DTypeError for integers.
 */
export function reciprocal(x: Tensor): Tensor {
  return unaryOp("reciprocal", { f: "reciprocal", saves: "y" }, x);
}

/**
 * y = sqrt(x).
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Range:  NaN below 0; the gradient at 0 is infinite.
 * Throws: DTypeError for integers.
 */
export function sqrt(x: Tensor): Tensor {
  return unaryOp("sqrt", { f: "sqrt", saves: "y" }, x);
}

/**
 * y = 1 / sqrt(x).
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Range:  NaN below 0, infinity at 0.
 * Throws: DTypeError for integers.
 */
export function rsqrt(x: Tensor): Tensor {
  return unaryOp("rsqrt", { f: "rsqrt", saves: "y" }, x);
}
