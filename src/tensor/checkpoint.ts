import { DisposedError, DTypeError, UsageError } from "../errors.js";
import { autocast, autocastDType } from "./autocast.js";
import { backwardFrom } from "./backward.js";
import { collectDraws, repeatDraws } from "./random.js";
import { scope } from "./scope.js";
import { isGradEnabled, recordAlways, tapeLength, withGradMode, withoutTape } from "./tape.js";
import { Tensor } from "./tensor.js";

/**
 * Activation checkpointing: y = fn(...inputs), of which only the inputs are kept for backward, which runs `fn` again. Memory
 * for one more forward.
 *
 * Shapes: `fn` takes tensors and returns one.
 * Range:  gradients are bit for bit those without it: dropout drops the same elements again, autocast is as it was. `fn` may
 *         use tensors that are no inputs; those that were computed must be there when backward runs. What else it does, such
 *         as BatchNorm's update of its running statistics, it does twice. May be nested.
 * Throws: UsageError unless the inputs and the result of `fn` are tensors, or if it does something else when it is run again;
 *         DTypeError for a result that is not floating point.
 * Source: Chen et al. 2016, arXiv 1604.06174; torch.utils.checkpoint.
 */
export function checkpoint<I extends readonly Tensor[]>(fn: (...inputs: I) => Tensor, ...inputs: I): Tensor {
  if (typeof fn !== "function") throw new UsageError(`checkpoint: needs a function and its inputs, got ${typeof fn}`);
  inputs.forEach(checkInput);
  const run = (tensors: readonly Tensor[]) => checked(fn(...(tensors as unknown as I)));
  if (!isGradEnabled()) return run(inputs);
  const castTo = autocastDType();
  return scope(() => {
    const leaves = inputs.map((input) => asLeaf(input, input.requiresGrad));
    const { result: first, draws } = collectDraws(() => withoutTape(() => scope(() => run(leaves))));
    const { result: y, met } = first;
    if (met.length === 0 && !y.requiresGrad) return y;
    // Where backward goes on, besides the inputs.
    const closedOver = [...new Set([...met, y])].filter((tensor) => tensor.requiresGrad && !tensor.isDisposed && !leaves.includes(tensor));
    const computed = closedOver.filter(({ node }) => node !== null);
    const outside = computed.map(({ node }) => node!);
    const count = inputs.length;
    return recordAlways({
      op: "checkpoint",
      inputs: [...inputs, ...computed],
      // A handle of its own: `fn` may return one of its inputs.
      output: y.detach(),
      // What it closes over is saved to notice changes in place: it would compute something else.
      saved: [...inputs, ...closedOver],
      vjp: (dy, saved, needs, gradients) => {
        gradients.settle();
        const again = saved.slice(0, count).map((input, i) => asLeaf(input, needs[i]!));
        const since = tapeLength();
        const result = withGradMode(true, () => autocast({ dtype: "f16", enabled: castTo === "f16" }, () => repeatDraws(draws, () => run(again))));
        if (result.describe() !== dy.describe()) {
          throw new UsageError(`checkpoint: the function returned something else when it was run again, got ${result.describe()} after ${dy.describe()}`);
        }
        const parts = backwardFrom(result, dy, { since, outside });
        return [...again.map((leaf, i) => (needs[i] ? takeGradient(leaf) : null)), ...parts];
      },
    });
  });
}

function asLeaf(tensor: Tensor, needsGradient: boolean): Tensor {
  return tensor.detach().setRequiresGrad(needsGradient);
}

function checkInput(input: unknown, i: number): void {
  if (!(input instanceof Tensor)) {
    throw new UsageError(`checkpoint: inputs must be tensors, got ${input === null ? "null" : typeof input} as input ${i}; let the function use other values itself`);
  }
  if (input.isDisposed) throw new DisposedError(`checkpoint: input ${i} ${input.describe()} is used after dispose()`);
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
