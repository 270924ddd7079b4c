// How many answers a model gets right in every token.
import type { TokenBatch } from "../data/index.js";
import type { Device } from "../gpu/device.js";
import { argmax, fromArray } from "../ops/index.js";
import { scope } from "../tensor/scope.js";
import { noGrad } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";

/** What `exactMatch` needs of a model; nn.GPT fits. */
export interface AnsweringModel {
  /** Logits [batch, block, vocab] of what follows each token, which depend on no later token. */
  forward(tokens: Tensor): Tensor;
  inEvalMode<T>(fn: () => T): T;
}

/**
 * The share of rows, from 0 to 1, whose targets the model writes without a mistake when it always takes its likeliest token: one
 * forward pass a batch, no decoding. NaN without batches.
 *
 * Shapes: as batches; a target of -100 is not part of an answer. The targets of a row are one stretch, the tokens after it.
 * Range:  a tie goes to the lower token.
 * Throws: whatever the model throws.
 * Source: decoding writes what the row already has for as long as it is right. So up to the first mistake it sees the same tokens as
 *         the forward pass over the whole row, and makes a mistake if and only if the largest logit is somewhere not the target's.
 */
export async function exactMatch(device: Device, model: AnsweringModel, batches: readonly TokenBatch[]): Promise<number> {
  let [right, rows] = [0, 0];
  for (const batch of batches) {
    const likeliest = model.inEvalMode(() => scope(() => likeliestTokens(model, fromArray(device, batch.tokens, { shape: batch.shape, dtype: "i32" }))));
    try {
      right += rowsRight((await likeliest.data()) as Int32Array, batch);
    } finally {
      likeliest.dispose();
    }
    rows += batch.shape[0];
  }
  return right / rows;
}

/** [batch, block] i32: what the model would write after each token. */
export function likeliestTokens(model: Pick<AnsweringModel, "forward">, tokens: Tensor): Tensor {
  return noGrad(() => scope(() => argmax(model.forward(tokens), { axis: 2 })));
}

/** Rows in which every target, -100 aside, is what the model would write. */
export function rowsRight(likeliest: ArrayLike<number>, { targets, shape: [rows, block] }: TokenBatch): number {
  let right = 0;
  for (let row = 0; row < rows; row++) {
    let at = row * block;
    const end = at + block;
    while (at < end && (targets[at]! < 0 || likeliest[at] === targets[at])) at++;
    if (at === end) right++;
  }
  return right;
}
