import { DTypeError, UsageError } from "../errors.js";
import { backwardFrom } from "./backward.js";
import { collectDraws, repeatDraws } from "./random.js";
import { scope } from "./scope.js";
import { isGradEnabled, recordAlways, withGradMode, withoutTape } from "./tape.js";
import { Tensor } from "./tensor.js";

/**
 * Activation checkpointing: y = fn(...inputs), of which only the inputs are kept for backward, which runs `fn` again. Memory
 * for one more forward.
 *
 * Shapes: `fn` takes tensors and returns one.
 * Range:  gradients are bit for bit those without it: dropout drops the same elements again. What else `fn` does, such as
 *         BatchNorm's update of its running statistics, it does twice. May be nested.
 * Throws: UsageError unless `fn` returns a tensor, or if it does something else when it is run again; DTypeError for a result
 *         that is not floating point.
 * Source: Chen et al. 2016, arXiv 1604.06174; torch.utils.checkpoint.
 */
export function checkpoint<I extends readonly Tensor[]>(fn: (...inputs: I) => Tensor, ...inputs: I): Tensor {
  if (typeof fn !== "function") throw new UsageError(`checkpoint: needs a function and its inputs, got ${typeof fn}`);
  const run = (tensors: readonly Tensor[]) => checked(fn(...(tensors as unknown as I)));
  if (!isGradEnabled()) return run(inputs);
  return scope(() => {
    const { result, draws } = collectDraws(() => withoutTape(() => scope(() => run(inputs))));
    if (!result.needsGradient) return result.result;
    return recordAlways({
      op: "checkpoint",
      inputs,
      // A handle of its own: `fn` may return one of its inputs.
      output: result.result.detach(),
      saved: inputs,
      vjp: (dy, saved, needs, gradients) => {
        gradients.settle();
        const leaves = saved.map((tensor, i) => (needs[i] ? tensor.detach().setRequiresGrad() : tensor));
        const again = withGradMode(true, () => repeatDraws(draws, () => run(leaves)));
        backwardFrom(again, dy);
        return leaves.map((leaf, i) => (needs[i] ? takeGradient(leaf) : null));
      },
    });
  });
}

function checked(result: unknown): Tensor {
  if (!(result instanceof Tensor)) throw new UsageError(`checkpoint: the function must return a tensor, got ${result instanceof Promise ? "a promise" : typeof result}`);
  if (result.dtype !== "f32" && result.dtype !== "f16") throw new DTypeError(`checkpoint: the function must return a floating-point tensor, got ${result.dtype}`);
  return result;
}

/** Out of the leaf, which is disposed with its gradient when the vjp ends. */
function takeGradient(leaf: Tensor): Tensor | null {
  const gradient = leaf.grad;
  leaf.grad = null;
  return gradient;
}
