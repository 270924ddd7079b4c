import { UsageError } from "../errors.js";
import { dropoutMask, type DropoutKey } from "../kernels/dropout.js";
import { checkOptions } from "../options.js";
import { Generator, streams } from "../tensor/random.js";
import { record } from "../tensor/tape.js";
import { emptyLike, type Tensor } from "../tensor/tensor.js";
import { requireDType } from "./checks.js";
import { checkUnitScalar, heldTensor, unitScalar } from "./unit_scalar.js";

/** Options of `dropout`. */
export interface DropoutOptions {
  /** Probability of an element to be zeroed: a number, or an f32 tensor of one element that the GPU may rewrite. */
  p: number | Tensor;
  /** Where the mask comes from: every call in training takes the generator's next draw. */
  generator: Generator;
  /** True by default; false makes y = x. */
  training?: boolean;
}

/**
 * Dropout: each element is 0 with probability p, else x / (1 - p).
 *
 * Shapes: x [...] -> y [...], of its dtype; p a number or a tensor of one element.
 * Range:  p in [0, 1], rounded to f32; a tensor is clamped to it when the kernel runs, and NaN in it makes y NaN. At
 *         p = 1 all of y is 0, at p = 0 y = x. With training = false, or the number 0, y shares x's memory. Every call in
 *         training takes one draw from the generator, whatever p is, so that a number and a tensor give the same
 *         masks; (seed, offset, p) gives the same one on every adapter.
 * Throws: UsageError for p out of range or on another device, no generator, or an unknown option; DTypeError unless
 *         f32; ShapeError for a p of more elements, GradError for one that wants a gradient. Backward throws if p's
 *         tensor was changed since the forward.
 * Source: Srivastava et al. 2014. Backward computes the mask again from its key; nothing is stored.
 */
export function dropout(x: Tensor, options: DropoutOptions): Tensor {
  requireDType("dropout", "x", x, "f32", "f16");
  const mask = drawMask("dropout", x, options);
  if (!mask) return passedOn(x);
  return record({ op: "dropout", inputs: [x], output: masked(x, mask.key), saved: mask.saved, vjp: (dy, [held]) => [unmasked(dy, mask, held)] });
}

/** What a dropout zeroes, forward and backward. */
export interface DropoutMask {
  key: DropoutKey;
  /** What the tape must save: p where it is a tensor. */
  saved: Tensor[];
}

/** Checks a dropout of `x`, and takes its draw in training. Null where nothing is dropped. */
export function drawMask(where: string, x: Tensor, options: DropoutOptions): DropoutMask | null {
  const p = checkDropout(where, x, options, ["training"]);
  if (options.training === false) return null;
  const draw = options.generator.next();
  return p === 0 ? null : { key: { p: unitScalar(p), draw, stream: streams.dropout }, saved: heldTensor(p) };
}

/** Backward: the same mask over dy. `held` is what was saved, as the tape hands it out. */
export function unmasked(dy: Tensor, { key }: DropoutMask, held: Tensor | undefined): Tensor {
  return masked(dy, held ? { ...key, p: held.buffer } : key);
}

/** Checks `{ p, generator }` for a dropout of `x`, and returns p. */
export function checkDropout(where: string, x: Tensor, options: DropoutOptions, more: readonly string[] = []): number | Tensor {
  checkOptions(where, options, ["p", "generator", ...more]);
  const p = checkUnitScalar(where, "p", options?.p, x.device);
  if (!(options.generator instanceof Generator)) {
    throw new UsageError(`${where}: generator must be a Generator, got ${typeof options.generator}; make one with new Generator(seed)`);
  }
  return p;
}

function passedOn(x: Tensor): Tensor {
  const { shape } = x;
  return record({ op: "dropout", inputs: [x], output: x.view(shape), saved: [], vjp: (dy) => [dy.view(shape)] });
}

function masked(x: Tensor, key: DropoutKey): Tensor {
  const y = emptyLike(x);
  dropoutMask(x.device, { x: x.buffer, y: y.buffer }, key, x.size);
  return y;
}
