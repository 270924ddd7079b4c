// Comparisons and tests of values. Results are truth values: u32 holding 0 or 1. None has a gradient.
import type { Tensor } from "../tensor/tensor.js";
import { compareOp, type Operand } from "./map_binary.js";
import { predicate } from "./map_unary.js";

/**
 * y = 1 where a = b, else 0.
 *
 * Shapes: a and b broadcast -> y, u32; one dtype, or f32 and f16. A number stands for a tensor of its value.
 * Range:  NaN equals nothing.
 * Throws: ShapeError if they do not broadcast; DTypeError for a float beside an integer, or i32 beside u32.
 */
export function equal(a: Operand, b: Operand): Tensor {
  return compareOp("equal", "equal", a, b);
}

/**
 * y = 1 where a != b, else 0.
 *
 * Shapes: a and b broadcast -> y, u32; one dtype, or f32 and f16. A number stands for a tensor of its value.
 * Range:  NaN differs from everything.
 * Throws: ShapeError if they do not broadcast; DTypeError for a float beside an integer, or i32 beside u32.
 */
export function notEqual(a: Operand, b: Operand): Tensor {
  return compareOp("notEqual", "notEqual", a, b);
}

/**
 * y = 1 where a < b, else 0.
 *
 * Shapes: a and b broadcast -> y, u32; one dtype, or f32 and f16. A number stands for a tensor of its value.
 * Range:  false beside NaN.
 * Throws: ShapeError if they do not broadcast; DTypeError for a float beside an integer, or i32 beside u32.
 */
export function less(a: Operand, b: Operand): Tensor {
  return compareOp("less", "less", a, b);
}

/**
 * y = 1 where a <= b, else 0.
 *
 * Shapes: a and b broadcast -> y, u32; one dtype, or f32 and f16. A number stands for a tensor of its value.
 * Range:  false beside NaN.
 * Throws: ShapeError if they do not broadcast; DTypeError for a float beside an integer, or i32 beside u32.
 */
export function lessEqual(a: Operand, b: Operand): Tensor {
  return compareOp("lessEqual", "lessEqual", a, b);
}

/**
 * y = 1 where a > b, else 0.
 *
 * Shapes: a and b broadcast -> y, u32; one dtype, or f32 and f16. A number stands for a tensor of its value.
 * Range:  false beside NaN.
 * Throws: ShapeError if they do not broadcast; DTypeError for a float beside an integer, or i32 beside u32.
 */
export function greater(a: Operand, b: Operand): Tensor {
  return compareOp("greater", "greater", a, b);
}

/**
 * y = 1 where a >= b, else 0.
 *
 * Shapes: a and b broadcast -> y, u32; one dtype, or f32 and f16. A number stands for a tensor of its value.
 * Range:  false beside NaN.
 * Throws: ShapeError if they do not broadcast; DTypeError for a float beside an integer, or i32 beside u32.
 */
export function greaterEqual(a: Operand, b: Operand): Tensor {
  return compareOp("greaterEqual", "greaterEqual", a, b);
}

/**
 * y = 1 where x is 0, else 0.
 *
 * Shapes: x any -> y the same, u32; x of any dtype.
 * Range:  NaN is not 0.
 */
export function logicalNot(x: Tensor): Tensor {
  return predicate("logicalNot", "logicalNot", x, ["f32", "f16", "i32", "u32"]);
}

/**
 * y = 1 where x is NaN, else 0.
 *
 * Shapes: x any, f32 or f16 -> y the same, u32.
 * Throws: DTypeError for integers.
 */
export function isNaN(x: Tensor): Tensor {
  return predicate("isNaN", "isNan", x, ["f32", "f16"]);
}

/**
 * y = 1 where x is infinity or minus infinity, else 0.
 *
 * Shapes: x any, f32 or f16 -> y the same, u32.
 * Throws: DTypeError for integers.
 */
export function isInf(x: Tensor): Tensor {
  return predicate("isInf", "isInf", x, ["f32", "f16"]);
}
