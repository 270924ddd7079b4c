// How attention's operands lie in memory, and what all of its kernels are told.
import { asWords, type Slice } from "../gpu/buffers.js";
import { dropoutParams, dropoutVarying, type DropoutKey } from "./dropout.js";
import { heldScalar } from "./unit_scalar.js";

/** A [batch, heads, rows, dim] operand: strides in elements; elements of a row are neighbours. */
export interface Operand {
  slice: Slice;
  offset: number;
  batch: number;
  head: number;
  row: number;
}

export interface AttentionSizes {
  batch: number;
  heads: number;
  /** Heads of keys and values; each serves heads / kvHeads heads of queries. */
  kvHeads: number;
  queries: number;
  keys: number;
  /** Length of a row of q and k. */
  headDim: number;
  /** Length of a row of v and o. */
  valueDim: number;
}

export interface MaskOperand {
  slice: Slice;
  /** `truth`: u32, 1 where the query may attend. `additive`: f32, added to the scores. */
  kind: "truth" | "additive";
  /** Strides in elements, 0 along broadcast axes. */
  strides: { batch: number; head: number; row: number; col: number };
}

export interface AttentionSpec extends AttentionSizes {
  scale: number;
  causal: boolean;
  queryOffset: number;
  mask: MaskOperand | null;
  dropout: DropoutKey | null;
}

export interface ForwardOperands {
  q: Operand;
  k: Operand;
  v: Operand;
  o: Operand;
  /** [2, batch, heads, queries]: the logarithm of each row's sum of exponentials; then room for what backward needs to know of a row. */
  l: Slice;
}

/** `o` and `l` as the forward wrote them. dq, dk and dv lie in one slice, which the kernels bind once. */
export interface BackwardOperands extends ForwardOperands {
  dout: Operand;
  dq: Operand;
  dk: Operand;
  dv: Operand;
}

const noMask = { batch: 0, head: 0, row: 0, col: 0 };

/** The Params of lib/attention_weights.wgsl. */
export function weightParams({ mask, dropout, scale, causal, queryOffset, heads, queries, keys }: AttentionSpec): Record<string, number> {
  const strides = mask?.strides ?? noMask;
  return {
    heads,
    queries,
    keys,
    scale,
    causal: causal ? 1 : 0,
    query_offset: queryOffset,
    mask_batch: strides.batch,
    mask_head: strides.head,
    mask_row: strides.row,
    mask_col: strides.col,
    ...(dropout ? dropoutParams(dropout) : { rate: 0, stream: 0, draw: 0, seed: 0 }),
  };
}

/** Those that differ from step to step: the `varying` of a launch. */
export function weightVarying({ dropout }: AttentionSpec): (() => { draw: number; seed: number }) | undefined {
  return dropout ? dropoutVarying(dropout) : undefined;
}

/** Its bindings. Those that the variant never reads still need a buffer: k's. */
export function weightBuffers({ mask, dropout }: AttentionSpec, k: Operand): { mask: Slice; held_rate: Slice } {
  return { mask: mask?.slice ?? asWords(k.slice), held_rate: heldScalar(dropout?.p ?? 0, k.slice) };
}

/** The overrides of lib/attention_weights.wgsl. */
export function weightConstants({ mask, dropout }: AttentionSpec): Record<string, number | boolean> {
  return { MASK: mask === null ? 0 : mask.kind === "truth" ? 1 : 2, DROPOUT: dropout !== null };
}

/** How many pairs of query and key count, over all planes. */
export function visiblePairs({ batch, heads, queries, keys, causal, queryOffset }: AttentionSpec): number {
  if (!causal) return batch * heads * queries * keys;
  // Queries before `full` see one key more than the query before them.
  const full = Math.min(queries, Math.max(0, keys - queryOffset));
  return batch * heads * (full * queryOffset + (full * (full + 1)) / 2 + (queries - full) * keys);
}

/** Params `<name>_offset`, `<name>_batch`, `<name>_head`, `<name>_row`. */
export function operandParams(name: string, { offset, batch, head, row }: Operand): Record<string, number> {
  return { [`${name}_offset`]: offset, [`${name}_batch`]: batch, [`${name}_head`]: head, [`${name}_row`]: row };
}

/** True when rows of `dim` elements can be read as vec4s. */
export function isAligned({ offset, batch, head, row }: Operand, dim: number): boolean {
  return [offset, batch, head, row, dim].every((extent) => extent % 4 === 0);
}
