import { embeddingBackward, embeddingForward } from "../kernels/embedding.js";
import { record } from "../tensor/tape.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { requireDType, requireRank, requireSameDevice } from "./checks.js";

/**
 * Rows of a table: y[..., :] = weight[tokens[...], :].
 *
 * Shapes: weight [vocab, width], tokens i32 or u32 [...] -> [..., width].
 * Range:  tokens 0 to vocab - 1.
 * Throws: DTypeError, ShapeError; IndexError at the next read for a token out of range, whose row is zero meanwhile.
 * Source: backward adds the rows of dy in order of position along chains of equal tokens, without atomics.
 */
export function embedding(weight: Tensor, tokens: Tensor): Tensor {
  requireDType("embedding", "weight", weight, "f32");
  requireRank("embedding", "weight", weight, { exactly: 2 });
  requireDType("embedding", "tokens", tokens, "i32", "u32");
  requireSameDevice("embedding", weight, tokens);
  const [vocab, width] = weight.shape as [number, number];
  const sizes = { vocab, width, count: tokens.size };
  const { device } = weight;
  const y = empty(device, [...tokens.shape, width]);
  const faults = device.indexFaults.block("embedding", tokens.dtype);
  embeddingForward(device, { weight: weight.buffer, tokens: tokens.buffer, y: y.buffer, faults }, sizes);
  return record({
    op: "embedding",
    inputs: [weight],
    output: y,
    saved: [tokens],
    vjp: (dy, [tokens]) => {
      const dweight = empty(device, [vocab, width]);
      embeddingBackward(device, { tokens: tokens.buffer, dy: dy.buffer, dweight: dweight.buffer }, sizes);
      return [dweight];
    },
  });
}
