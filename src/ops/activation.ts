// Activation functions.
import { UsageError } from "../errors.js";
import { mapScalar, mapScalarBackward } from "../kernels/map.js";
import type { BinaryFunction } from "../kernels/map_functions.js";
import { checkNumber, checkOptions } from "../options.js";
import { record } from "../tensor/tape.js";
import { emptyLike, type Tensor } from "../tensor/tensor.js";
import { requireDType } from "./checks.js";
import { unaryOp } from "./map_unary.js";

/**
 * y = max(x, 0). The gradient at 0 is 0.
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Range:  NaN stays NaN.
 * Throws: DTypeError for integers.
 */
export function relu(x: Tensor): Tensor {
  return unaryOp("relu", { f: "relu", saves: "y" }, x);
}

/**
 * y = 1 / (1 + e^-x).
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Range:  any x.
 * Throws: DTypeError for integers.
 */
export function sigmoid(x: Tensor): Tensor {
  return unaryOp("sigmoid", { f: "sigmoid", saves: "y" }, x);
}

/**
 * y = x / (1 + e^-x), also called swish.
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Range:  any finite x.
 * Throws: DTypeError for integers.
 * Source: Elfwing, Uchibe and Doya, 2017.
 */
export function silu(x: Tensor): Tensor {
  return unaryOp("silu", { f: "silu", saves: "x" }, x);
}

export interface GeluOptions {
  /** "none" by default: the exact form, by erf. "tanh": the approximation that GPT-2 was trained with. */
  approximate?: "none" | "tanh";
}

/**
 * y = x P(z <= x) with z standard normal.
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Range:  any finite x.
 * Throws: DTypeError for integers; UsageError for an unknown approximation.
 * Source: Hendrycks and Gimpel, 2016.
 */
export function gelu(x: Tensor, options: GeluOptions = {}): Tensor {
  checkOptions("gelu", options, ["approximate"]);
  const { approximate = "none" } = options;
  if (approximate !== "none" && approximate !== "tanh") {
    throw new UsageError(`gelu: approximate must be "none" or "tanh", got ${String(approximate)}`);
  }
  return unaryOp("gelu", { f: approximate === "tanh" ? "geluTanh" : "gelu", saves: "x" }, x);
}

/**
 * y = x where x >= 0, negativeSlope * x below.
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Range:  negativeSlope 0.01 by default.
 * Throws: DTypeError for integers; UsageError unless negativeSlope is finite.
 */
export function leakyRelu(x: Tensor, options: { negativeSlope?: number } = {}): Tensor {
  checkOptions("leakyRelu", options, ["negativeSlope"]);
  return withParameter("leakyRelu", "leakyRelu", x, checkNumber("leakyRelu", "negativeSlope", options.negativeSlope ?? 0.01));
}

/**
 * y = x where x > 0, alpha (e^x - 1) below.
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Range:  alpha 1 by default.
 * Throws: DTypeError for integers; UsageError unless alpha is finite.
 * Source: Clevert, Unterthiner and Hochreiter, 2015.
 */
export function elu(x: Tensor, options: { alpha?: number } = {}): Tensor {
  checkOptions("elu", options, ["alpha"]);
  return withParameter("elu", "elu", x, checkNumber("elu", "alpha", options.alpha ?? 1));
}

/**
 * y = log(1 + e^(beta x)) / beta.
 *
 * Shapes: x any -> y the same, f32 or f16.
 * Range:  any x; beta 1 by default, above 0.
 * Throws: DTypeError for integers; UsageError unless beta is a finite number > 0.
 */
export function softplus(x: Tensor, options: { beta?: number } = {}): Tensor {
  checkOptions("softplus", options, ["beta"]);
  return withParameter("softplus", "softplus", x, checkNumber("softplus", "beta", options.beta ?? 1, { above: 0 }));
}

/** y = f(x, value). */
function withParameter(op: string, f: BinaryFunction, x: Tensor, value: number): Tensor {
  requireDType(op, "x", x, "f32", "f16");
  const number = { value, swapped: false };
  const y = emptyLike(x);
  mapScalar(x.device, f, { x: x.buffer, y: y.buffer }, number, x.size, { Element: "f32", Result: "f32" });
  return record({
    op,
    inputs: [x],
    output: y,
    saved: [x],
    vjp: (dy, [x]) => {
      const dx = emptyLike(dy);
      mapScalarBackward(dy.device, f, { dy: dy.buffer, x: x.buffer, dx: dx.buffer }, number, dy.size);
      return [dx];
    },
  });
}
