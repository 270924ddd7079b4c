// Arithmetic of two operands: tensors that broadcast together, or a tensor and a number.
import type { DType } from "../tensor/dtype.js";
import type { Tensor } from "../tensor/tensor.js";
import { binaryOp, type Operand } from "./map_binary.js";

const anyDType: readonly DType[] = ["f32", "f16", "i32", "u32"];

/**
 * y = a + b.
 *
 * Shapes: a and b broadcast -> y, of their dtype; f32 where one is f16 and one f32. A number stands for a tensor of its
 *         value.
 * Throws: ShapeError if they do not broadcast; DTypeError for a float beside an integer, or i32 beside u32.
 */
export function add(a: Operand, b: Operand): Tensor {
  return binaryOp("add", { f: "add", dtypes: anyDType, reads: { da: "", db: "" } }, a, b);
}

/**
 * y = a - b.
 *
 * Shapes: a and b broadcast -> y, of their dtype; f32 where one is f16 and one f32. A number stands for a tensor of its
 *         value.
 * Throws: ShapeError if they do not broadcast; DTypeError for a float beside an integer, or i32 beside u32.
 */
export function sub(a: Operand, b: Operand): Tensor {
  return binaryOp("sub", { f: "sub", dtypes: anyDType, reads: { da: "", db: "" } }, a, b);
}

/**
 * y = a * b, elementwise.
 *
 * Shapes: a and b broadcast -> y, of their dtype; f32 where one is f16 and one f32. A number stands for a tensor of its
 *         value.
 * Throws: ShapeError if they do not broadcast; DTypeError for a float beside an integer, or i32 beside u32.
 */
export function mul(a: Operand, b: Operand): Tensor {
  return binaryOp("mul", { f: "mul", dtypes: anyDType, reads: { da: "b", db: "a" }, linear: "ab" }, a, b);
}

/**
 * y = a / b.
 *
 * Shapes: a and b broadcast -> y, f32; f16 where all tensors are f16. A number stands for a tensor of its value.
 * Range:  infinity or NaN where b is 0.
 * Throws: ShapeError if they do not broadcast; DTypeError for integers.
 */
export function div(a: Operand, b: Operand): Tensor {
  return binaryOp("div", { f: "div", dtypes: ["f32", "f16"], reads: { da: "b", db: "ab" }, linear: "a" }, a, b);
}

/**
 * y = the larger of a and b. Where they are equal, each gets half of the gradient.
 *
 * Shapes: a and b broadcast -> y, of their dtype; f32 where one is f16 and one f32. A number stands for a tensor of its
 *         value.
 * Range:  NaN where either is NaN.
 * Throws: ShapeError if they do not broadcast; DTypeError for a float beside an integer, or i32 beside u32.
 */
export function maximum(a: Operand, b: Operand): Tensor {
  return binaryOp("maximum", { f: "maximum", dtypes: anyDType, reads: { da: "ab", db: "ab" } }, a, b);
}

/**
 * y = the smaller of a and b. Where they are equal, each gets half of the gradient.
 *
 * Shapes: a and b broadcast -> y, of their dtype; f32 where one is f16 and one f32. A number stands for a tensor of its
 *         value.
 * Range:  NaN where either is NaN.
 * Throws: ShapeError if they do not broadcast; DTypeError for a float beside an integer, or i32 beside u32.
 */
export function minimum(a: Operand, b: Operand): Tensor {
  return binaryOp("minimum", { f: "minimum", dtypes: anyDType, reads: { da: "ab", db: "ab" } }, a, b);
}

/**
 * y = x^exponent, elementwise.
 *
 * Shapes: x and a tensor exponent broadcast -> y, f32; f16 where all tensors are f16.
 * Range:  x^0 = 1 for every x. A negative x has a power only if the exponent is whole, else NaN. Relative error
 *         3e-6 for whole exponents up to 32, else about 1e-7 |exponent log|x|| + 1e-6.
 * Throws: ShapeError if they do not broadcast; DTypeError for integers.
 * Source: shaders/scalar/pow.wgsl; dx = dy exponent x^(exponent - 1), and dy y log(x) for a tensor exponent.
 */
export function pow(x: Tensor, exponent: Operand): Tensor {
  return binaryOp("pow", { f: "pow", names: ["x", "exponent"], dtypes: ["f32", "f16"], reads: { da: "ab", db: "ab" } }, x, exponent);
}
