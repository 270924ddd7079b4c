import { ShapeError } from "../errors.js";
import { embeddingBackward, embeddingForward } from "../kernels/embedding.js";
import { checkNumber, checkOptions } from "../options.js";
import { formatShape } from "../shape.js";
import { isGradEnabled, record, type GradientTargets } from "../tensor/tape.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { requireDType, requireRank, requireSameDevice } from "./checks.js";
import { drawMask, type DropoutMask, type DropoutOptions } from "./dropout.js";

/**
 * Rows of a table: y[..., :] = weight[tokens[...], :].
 *
 * Shapes: weight [vocab, width], tokens i32 or u32 [...] -> [..., width].
 * Range:  tokens 0 to vocab - 1.
 * Throws: DTypeError, ShapeError; IndexError at the next read for a token out of range, whose row is zero meanwhile.
 * Source: backward adds the rows of dy in order of position along chains of equal tokens, without atomics.
 */
export function embedding(weight: Tensor, tokens: Tensor): Tensor {
  checkTable("embedding", weight, tokens);
  return embed("embedding", weight, null, tokens, { offset: 0, mask: null });
}

/** Options of `embedTokens`. */
export interface EmbedTokensOptions {
  /** Position of the first token; 0 by default. */
  offset?: number;
  /** Dropout of the sum, as dropout() does it; none by default. */
  dropout?: Pick<DropoutOptions, "p" | "generator">;
}

/**
 * What a Transformer starts from: y[..., t, :] = dropout(weight[tokens[..., t], :] + positions[offset + t, :]).
 *
 * Shapes: weight [vocab, width], positions [block, width], tokens i32 or u32 [..., seq] -> [..., seq, width].
 * Range:  tokens 0 to vocab - 1; offset >= 0 and offset + seq at most block; p in [0, 1].
 * Throws: DTypeError, ShapeError; UsageError as dropout(); IndexError at the next read for a token out of range, whose
 *         row is that of its position meanwhile.
 * Source: Radford et al. 2019 (GPT-2). One launch; the same numbers as embedding(), add() and dropout().
 */
export function embedTokens(weight: Tensor, positions: Tensor, tokens: Tensor, options: EmbedTokensOptions = {}): Tensor {
  checkOptions("embedTokens", options, ["offset", "dropout"]);
  checkTable("embedTokens", weight, tokens);
  requireDType("embedTokens", "positions", positions, "f32");
  requireRank("embedTokens", "positions", positions, { exactly: 2 });
  requireRank("embedTokens", "tokens", tokens, { atLeast: 1 });
  requireSameDevice("embedTokens", weight, positions);
  const offset = checkNumber("embedTokens", "offset", options.offset ?? 0, { min: 0, integer: true });
  const [block, seq] = [positions.shape[0]!, tokens.shape[tokens.rank - 1]!];
  if (offset + seq > block) throw new ShapeError(`embedTokens: positions end at ${block}, got offset ${offset} and tokens ${formatShape(tokens.shape)}; crop them, or use a longer table`);
  if (positions.shape[1] !== weight.shape[1]) {
    throw new ShapeError(`embedTokens: weight and positions must have rows of one width, got ${formatShape(weight.shape)} and ${formatShape(positions.shape)}`);
  }
  const mask = options.dropout ? drawMask("embedTokens", weight, options.dropout) : null;
  return embed("embedTokens", weight, positions, tokens, { offset, mask });
}

function embed(op: string, weight: Tensor, positions: Tensor | null, tokens: Tensor, { offset, mask }: { offset: number; mask: DropoutMask | null }): Tensor {
  const [vocab, width] = weight.shape as [number, number];
  const sizes = { vocab, block: positions?.shape[0] ?? 0, width, count: tokens.size, seq: tokens.shape[tokens.rank - 1] ?? 1, offset };
  const { device } = weight;
  const y = empty(device, [...tokens.shape, width]);
  const listed = isGradEnabled() && weight.requiresGrad;
  const lists = listed ? [empty(device, [vocab], "u32"), empty(device, [tokens.size], "u32")] : [];
  const faults = device.indexFaults.block(op, tokens.dtype);
  embeddingForward(
    device,
    { weight: weight.buffer, positions: positions?.buffer ?? null, tokens: tokens.buffer, y: y.buffer, faults, lists: listsOf(lists) },
    sizes,
    mask?.key ?? null,
  );
  const output = record({
    op,
    inputs: positions ? [weight, positions] : [weight],
    output: y,
    saved: [tokens, ...lists, ...(mask?.saved ?? [])],
    vjp: (dy, [tokens, ...rest], needs, gradients) => {
      const held = rest[lists.length];
      const key = mask && held ? { ...mask.key, p: held.buffer } : (mask?.key ?? null);
      const dweight = needs[0] ? targetOf(gradients, 0) : null;
      const dpositions = needs[1] ? targetOf(gradients, 1) : null;
      const buffers = { tokens: tokens!.buffer, lists: listsOf(rest.slice(0, lists.length)), dy: dy.buffer };
      embeddingBackward(device, { ...buffers, weight: sliceOf(dweight), positions: sliceOf(dpositions) }, sizes, key);
      return [dweight?.tensor ?? null, ...(positions ? [dpositions?.tensor ?? null] : [])];
    },
  });
  for (const list of lists) list.dispose();
  return output;
}

function checkTable(op: string, weight: Tensor, tokens: Tensor): void {
  requireDType(op, "weight", weight, "f32");
  requireRank(op, "weight", weight, { exactly: 2 });
  requireDType(op, "tokens", tokens, "i32", "u32");
  requireSameDevice(op, weight, tokens);
}

function listsOf([heads, below]: readonly Tensor[]) {
  return heads && below ? { heads: heads.buffer, below: below.buffer } : null;
}

interface Target {
  tensor: Tensor;
  accumulate: boolean;
}

/** Sums are added to the gradient that a table has already, such as a tied head's. */
function targetOf(gradients: GradientTargets, i: number): Target {
  const before = gradients.accumulated(i);
  return { tensor: before ?? gradients.empty(i), accumulate: before !== null };
}

function sliceOf(target: Target | null) {
  return target && { slice: target.tensor.buffer, accumulate: target.accumulate };
}
