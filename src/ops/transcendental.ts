// Exponential, logarithm, trigonometric and error functions.
import type { Tensor } from "../tensor/tensor.js";
import { unaryOp } from "./map_unary.js";

/**
 * y = e^x.
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Range:  infinity above 88.7.
 * Throws: DTypeError for integers.
 */
export function exp(x: Tensor): Tensor {
  return unaryOp("exp", { f: "exp", saves: "y" }, x);
}

/**
 * y = the natural logarithm of x.
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Range:  -infinity at 0, NaN below.
 * Throws: DTypeError for integers.
 * Source: shaders/lib/natural_log.wgsl.
 */
export function log(x: Tensor): Tensor {
  return unaryOp("log", { f: "log", saves: "x" }, x);
}

/**
 * y = sin(x), x in radians.
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Range:  an absolute error of 2e-7 for |x| <= 10,000; less exact beyond.
 * Throws: DTypeError for integers.
 * Source: shaders/lib/trigonometry.wgsl.
 */
export function sin(x: Tensor): Tensor {
  return unaryOp("sin", { f: "sin", saves: "x" }, x);
}

/**
 * y = cos(x), x in radians.
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Range:  an absolute error of 2e-7 for |x| <= 10,000; less exact beyond.
 * Throws: DTypeError for integers.
 * Source: shaders/lib/trigonometry.wgsl.
 */
export function cos(x: Tensor): Tensor {
  return unaryOp("cos", { f: "cos", saves: "x" }, x);
}

/**
 * y = tanh(x).
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Range:  any x, to a relative error of 1e-6.
 * Throws: DTypeError for integers.
 */
export function tanh(x: Tensor): Tensor {
  return unaryOp("tanh", { f: "tanh", saves: "y" }, x);
}

/**
 * y = erf(x) = 2 / sqrt(pi) * the integral of exp(-t^2) from 0 to x.
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Range:  any x, to an absolute error of 1e-7.
 * Throws: DTypeError for integers.
 * Source: shaders/lib/erf.wgsl.
 */
export function erf(x: Tensor): Tensor {
  return unaryOp("erf", { f: "erf", saves: "x" }, x);
}
