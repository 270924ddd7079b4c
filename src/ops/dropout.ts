import { UsageError } from "../errors.js";
import { dropoutMask, type DropoutKey } from "../kernels/dropout.js";
import { checkNumber, checkOptions } from "../options.js";
import { Generator, streams } from "../tensor/random.js";
import { record } from "../tensor/tape.js";
import { emptyLike, type Tensor } from "../tensor/tensor.js";
import { requireDType } from "./checks.js";

export interface DropoutOptions {
  /** Probability of an element to be zeroed. */
  p: number;
  /** Where the mask comes from: every call takes the generator's next draw. */
  generator: Generator;
  /** True by default; false makes y = x. */
  training?: boolean;
}

/**
 * Dropout: each element is 0 with probability p, else x / (1 - p).
 *
 * Shapes: x [...] -> y [...], f32.
 * Range:  p in [0, 1]; at p = 1 all of y is 0, at p = 0 or with training = false y shares x's memory. Only
 *         0 < p < 1 in training takes a draw from the generator, and one draw is one mask: the same (seed, offset)
 *         gives the same one on every adapter.
 * Throws: UsageError for p out of range, no generator, or an unknown option; DTypeError unless f32.
 * Source: Srivastava et al. 2014. Backward computes the mask again from its key; nothing is stored.
 */
export function dropout(x: Tensor, options: DropoutOptions): Tensor {
  requireDType("dropout", "x", x, "f32");
  const p = checkDropout("dropout", options, ["training"], { max: 1 });
  if (p === 0 || options.training === false) {
    const { shape } = x;
    return record({ op: "dropout", inputs: [x], output: x.view(shape), saved: [], vjp: (dy) => [dy.view(shape)] });
  }
  const key = p === 1 ? null : { p, ...options.generator.next(), stream: streams.dropout };
  return record({ op: "dropout", inputs: [x], output: masked(x, key), saved: [], vjp: (dy) => [masked(dy, key)] });
}

/** Checks `{ p, generator }` and returns p. */
export function checkDropout(where: string, options: DropoutOptions, more: readonly string[], range: { max?: number; below?: number }): number {
  checkOptions(where, options, ["p", "generator", ...more]);
  const p = checkNumber(where, "p", options?.p, { min: 0, ...range });
  if (!(options.generator instanceof Generator)) {
    throw new UsageError(`${where}: generator must be a Generator, got ${typeof options.generator}; make one with new Generator(seed)`);
  }
  return p;
}

/** A null key drops everything. */
function masked(x: Tensor, key: DropoutKey | null): Tensor {
  const y = emptyLike(x);
  if (key) dropoutMask(x.device, { x: x.buffer, y: y.buffer }, key, x.size);
  else if (x.size > 0) x.device.queue.clear(y.buffer);
  return y;
}
