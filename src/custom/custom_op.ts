import { DTypeError, ShapeError, UsageError } from "../errors.js";
import { requireTensor } from "../ops/checks.js";
import { formatShape, sameShape, type Shape } from "../shape.js";
import type { DType } from "../tensor/dtype.js";
import { scope } from "../tensor/scope.js";
import { noGrad, record, type Vjp } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";

/** What an op of your own computes, forward and backward. */
export interface CustomOp<S extends readonly Tensor[]> {
  /** The output, in memory of its own, and the tensors that `backward` reads. Nothing that happens inside is on the tape. */
  forward(): { output: Tensor; saved: S };
  /**
   * The gradients of the inputs, in their order and shapes, given the output's and the saved tensors; null for none.
   * `needs[i]` tells whether input i wants one. It runs after the caller may have disposed everything, so it may use no
   * tensor but these. Left out where there is no gradient: then the output has none.
   */
  backward?(dy: Tensor, saved: S, needs: readonly boolean[]): readonly (Tensor | null)[];
}

/**
 * An op of your own: launches kernels (or other ops) forward, and tells backward how gradients go through them.
 *
 * Shapes: any; `backward` gives gradients of the inputs' shapes and dtypes.
 * Range:  inside `capture` it is recorded as every op is: what its functions decide in JavaScript is decided once.
 * Throws: UsageError for an output that is an input, or a wrong number of gradients; ShapeError and DTypeError, at
 *         backward, for gradients unlike their inputs; DisposedError.
 * Source: the vector-Jacobian product of reverse mode, as in torch.autograd.Function.
 */
export function customOp<const S extends readonly Tensor[]>(name: string, inputs: readonly Tensor[], { forward, backward }: CustomOp<S>): Tensor {
  inputs.forEach((input, i) => requireTensor(name, `input ${i}`, input));
  // What forward made and did not return goes back at once; what it saved, once the tape owns it.
  return scope(() => {
    const { output, saved } = scope(() => noGrad(forward));
    requireTensor(name, "the output", output);
    if (inputs.includes(output)) throw new UsageError(`${name}: forward returned one of its inputs; return a tensor of its own`);
    return backward ? record({ op: name, inputs, output, saved, vjp: checked(name, inputs, backward) }) : output;
  });
}

/** `backward`, whose gradients are checked before they are added to anything. Holds no tensor. */
function checked<S extends readonly Tensor[]>(name: string, inputs: readonly Tensor[], backward: NonNullable<CustomOp<S>["backward"]>): Vjp<S> {
  const expected = inputs.map(({ shape, dtype }) => ({ shape, dtype }));
  return (dy, saved, needs) => {
    const gradients = backward(dy, saved, needs);
    if (gradients.length !== expected.length) throw new UsageError(`${name}: backward must give ${expected.length} gradients, got ${gradients.length}`);
    gradients.forEach((gradient, i) => gradient && checkGradient(`${name}: the gradient of input ${i}`, gradient, expected[i]!));
    return gradients.map((gradient, i) => (needs[i] ? gradient : null));
  };
}

function checkGradient(what: string, gradient: Tensor, { shape, dtype }: { shape: Shape; dtype: DType }): void {
  requireTensor(what, "it", gradient);
  if (!sameShape(gradient.shape, shape)) throw new ShapeError(`${what} must have its shape ${formatShape(shape)}, got ${formatShape(gradient.shape)}`);
  if (gradient.dtype !== dtype) throw new DTypeError(`${what} must be ${dtype}, got ${gradient.dtype}; convert it with cast()`);
}
