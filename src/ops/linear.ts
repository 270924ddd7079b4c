import { mapUnaryBackward } from "../kernels/map.js";
import { fusedActivations, type FusedActivation } from "../kernels/matmul_finish.js";
import { checkOptions } from "../options.js";
import { scope } from "../tensor/scope.js";
import { isGradEnabled, record } from "../tensor/tape.js";
import { empty, emptyLike, type Tensor } from "../tensor/tensor.js";
import { drawMask, unmasked, type DropoutOptions } from "./dropout.js";
import { checkFusedActivation, checkLinear, checkResidual } from "./linear_checks.js";
import { linearForward, LinearGradients } from "./linear_gradients.js";
import { operandOf, productDType } from "./product_types.js";

/** What a linear layer can end with in its own kernel. "geluTanh" is gelu's approximation by tanh. */
export type LinearActivation = FusedActivation;

/** Options of `linear`. */
export interface LinearOptions {
  /** None by default. */
  activation?: LinearActivation | null;
  /** Of the activation's output. None by default. */
  dropout?: DropoutOptions | null;
  /** Of y's shape, added last. None by default. */
  residual?: Tensor | null;
}

/**
 * Affine map of the last axis and what follows it, in one kernel: y = residual + dropout(f(x Wᵀ + b)).
 *
 * Shapes: x [..., in], weight [out, in], bias [out] or null, residual [..., out] -> y [..., out], of the residual's dtype;
 *         without one f16 where x and weight are, or inside autocast, else f32.
 * Range:  any sizes; f gelu, geluTanh, silu, relu, sigmoid or tanh; `dropout` as the op of that name, with the same draws.
 * Throws: DTypeError for integers; ShapeError if the sizes do not fit; UsageError for an unknown activation or option.
 * Source: with dz = dropout(dy) f'(x Wᵀ + b): dx = dz W, dW = dzᵀ x and db = column sums of dz, over all leading axes at once.
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null, options: LinearOptions = {}): Tensor {
  checkOptions("linear", options, ["activation", "dropout", "residual"]);
  const { activation = null, residual = null } = options;
  const sizes = checkLinear("linear", x, weight, bias);
  const shape = [...x.shape.slice(0, -1), sizes.outputs];
  if (activation !== null) checkFusedActivation("linear", activation);
  if (residual) checkResidual("linear", residual, x, shape);
  const mask = options.dropout ? drawMask("linear", x, options.dropout) : null;

  // Behind a norm that comes last the input is the residual too: then it is one input, with one gradient.
  const inputs = [x, weight, ...(bias ? [bias] : []), ...(residual && residual !== x ? [residual] : [])];
  const at = { x: 0, weight: 1, bias: bias && 2, residual: residual && (residual === x ? 0 : inputs.length - 1) };
  return scope(() => {
    const [left, right] = [operandOf("linear", x), operandOf("linear", weight)];
    const dtype = productDType(x, weight);
    const y = empty(x.device, shape, residual?.dtype ?? dtype);
    // What the activation's vjp reads: y itself, where nothing follows it.
    const keeps = activation !== null && isGradEnabled() && inputs.some((input) => input.requiresGrad);
    const keepsY = keeps && fusedActivations[activation] === "y" && !mask && !residual;
    const kept = keepsY ? y : keeps ? empty(x.device, shape, dtype) : null;
    linearForward(left, right, y, sizes, {
      ...(bias && { bias: bias.buffer }),
      ...(activation !== null && { activation }),
      ...(kept && !keepsY && { kept: kept.buffer }),
      ...(mask && { dropout: mask.key }),
      ...(residual && { residual: residual.buffer }),
    });
    return record({
      op: "linear",
      inputs,
      output: y,
      saved: [left, right, ...(kept ? [kept] : []), ...(mask?.saved ?? [])],
      vjp: (dy, [x, weight, ...more]: readonly Tensor[], needs, targets) => {
        const gradients = new LinearGradients(needs, targets);
        const slopeAt = kept ? more.shift() : undefined;
        const undropped = mask ? unmasked(dy, mask, more[0]) : dy;
        const dz = slopeAt ? timesSlope(undropped, activation!, slopeAt) : undropped;
        gradients.layer(x!, dz, weight!, sizes, at, gradients.input(at.x, at.residual === at.x ? dy : null));
        gradients.residual(dy, at.residual);
        return gradients.parts;
      },
    });
  });
}

function timesSlope(dy: Tensor, activation: FusedActivation, kept: Tensor): Tensor {
  const dz = emptyLike(dy);
  mapUnaryBackward(dy.device, activation, { dy: dy.buffer, s: kept.buffer, dx: dz.buffer }, dy.size);
  return dz;
}
