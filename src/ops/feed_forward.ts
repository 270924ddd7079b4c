import { fusedActivations } from "../kernels/matmul_finish.js";
import { checkOptions } from "../options.js";
import { scope } from "../tensor/scope.js";
import { isGradEnabled, record } from "../tensor/tape.js";
import { empty, emptyLike, type Tensor } from "../tensor/tensor.js";
import { drawMask, unmasked, type DropoutOptions } from "./dropout.js";
import type { LinearActivation } from "./linear.js";
import { checkFusedActivation, checkLinear, checkResidual, checkSecond } from "./linear_checks.js";
import { linearForward, LinearGradients } from "./linear_gradients.js";
import { operandOf, productDType } from "./product_types.js";

/** Options of `feedForward`. */
export interface FeedForwardOptions {
  /** Between the two maps; "gelu" by default. */
  activation?: LinearActivation;
  /** Of the second map's output. None by default. */
  dropout?: DropoutOptions | null;
  /** Of y's shape, added last. None by default. */
  residual?: Tensor | null;
}

/**
 * Two affine maps with an activation between, in two kernels: y = residual + dropout(f(x W1ᵀ + b1) W2ᵀ + b2).
 *
 * Shapes: x [..., in], w1 [hidden, in], b1 [hidden] or null, w2 [out, hidden], b2 [out] or null, residual [..., out]
 *         -> y [..., out], of the residual's dtype; without one f16 where x, w1 and w2 are, or inside autocast, else f32.
 * Range:  any sizes; f gelu, geluTanh, silu, relu, sigmoid or tanh; `dropout` as the op of that name, with the same draws.
 * Throws: DTypeError for integers; ShapeError if the sizes do not fit; UsageError for an unknown activation or option.
 * Source: four products going back, with dz = dropout(dy): dh = (dz W2) f'(h), dW2 = dzᵀ f(h), dx = dh W1, dW1 = dhᵀ x;
 *         the biases' gradients are column sums made beside dW1 and dW2.
 */
export function feedForward(x: Tensor, w1: Tensor, b1: Tensor | null, w2: Tensor, b2: Tensor | null, options: FeedForwardOptions = {}): Tensor {
  checkOptions("feedForward", options, ["activation", "dropout", "residual"]);
  const { activation = "gelu", residual = null } = options;
  checkFusedActivation("feedForward", activation);
  const first = checkLinear("feedForward", x, w1, b1, "w1", "b1");
  const second = checkSecond("feedForward", x, first, w2, b2);
  const shape = [...x.shape.slice(0, -1), second.outputs];
  if (residual) checkResidual("feedForward", residual, x, shape);
  const mask = options.dropout ? drawMask("feedForward", x, options.dropout) : null;

  // Behind a norm that comes last the input is the residual too: then it is one input, with one gradient.
  const inputs = [x, w1, w2];
  const add = (tensor: Tensor | null) => (tensor ? inputs.push(tensor) - 1 : null);
  const at = { x: 0, first: { weight: 1, bias: add(b1) }, second: { weight: 2, bias: add(b2) }, residual: residual === x ? 0 : add(residual) };
  return scope(() => {
    const dtype = productDType(x, w1, w2);
    const [left, right1, right2] = [operandOf("feedForward", x), operandOf("feedForward", w1), operandOf("feedForward", w2)];
    const y = empty(x.device, shape, residual?.dtype ?? dtype);
    const active = empty(x.device, [first.rows, first.outputs], dtype, "hidden units");
    const keepsInput = fusedActivations[activation] === "x" && isGradEnabled() && inputs.some((input) => input.requiresGrad);
    const kept = keepsInput ? emptyLike(active) : active;
    linearForward(left, right1, active, first, { ...(b1 && { bias: b1.buffer }), activation, ...(keepsInput && { kept: kept.buffer }) });
    linearForward(active, right2, y, second, { ...(b2 && { bias: b2.buffer }), ...(mask && { dropout: mask.key }), ...(residual && { residual: residual.buffer }) });
    return record({
      op: "feedForward",
      inputs,
      output: y,
      saved: [left, right1, right2, active, kept, ...(mask?.saved ?? [])],
      vjp: (dy, [x, w1, w2, active, kept, held]: readonly Tensor[], needs, targets) => {
        const gradients = new LinearGradients(needs, targets);
        const dz = mask ? unmasked(dy, mask, held) : dy;
        const dh = gradients.wants(at.x, at.first.weight, at.first.bias) ? emptyLike(active!) : null;
        gradients.layer(active!, dz, w2!, second, at.second, dh && { to: dh, finish: { slope: { activation, kept: kept!.buffer } } });
        if (dh) gradients.layer(x!, dh, w1!, first, at.first, gradients.input(at.x, at.residual === at.x ? dy : null));
        gradients.residual(dy, at.residual);
        return gradients.parts;
      },
    });
  });
}
