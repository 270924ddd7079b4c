import { DTypeError, GradError, ShapeError, UsageError } from "../errors.js";
import { attentionBackward, attentionForward, type AttentionSpec, type MaskOperand, type Operand } from "../kernels/attention.js";
import type { DropoutKey } from "../kernels/dropout.js";
import { checkNumber, checkOptions } from "../options.js";
import { broadcastStrides, collapseAxes, formatShape, sameShape, sizeOf, type Shape } from "../shape.js";
import { bytesPerElement, storedBytes, type DType } from "../tensor/dtype.js";
import { type Generator, streams } from "../tensor/random.js";
import { scope } from "../tensor/scope.js";
import { record } from "../tensor/tape.js";
import { empty, Tensor } from "../tensor/tensor.js";
import { requireDType, requireRank, requireSameDevice } from "./checks.js";
import { checkDropout } from "./dropout.js";
import { operandOf, productDType } from "./product_types.js";
import { heldTensor, unitScalar } from "./unit_scalar.js";

/** Options of `scaledDotProductAttention`. */
export interface AttentionOptions {
  /** Query i attends to key j only when j <= i + queryOffset; false by default. */
  causal?: boolean;
  /** Position of the first query among the keys, for a causal mask; 0 by default. */
  queryOffset?: number;
  /** u32, 1 where the query may attend; or f32, added to the scores. Broadcasts to [..., heads, seqQ, seqK]. */
  mask?: Tensor;
  /** What the inner products are multiplied by; 1 / sqrt(head_dim) by default. */
  scale?: number;
  /** On the attention weights: every call takes one draw from the generator. p is a number or an f32 tensor of one element. */
  dropout?: { p: number | Tensor; generator: Generator };
}

/** Options of `qkvAttention`. */
export interface QkvAttentionOptions extends AttentionOptions {
  heads: number;
}

const optionNames = ["causal", "queryOffset", "mask", "scale", "dropout"];

/**
 * Attention: o_i = sum_j softmax_j(scale * q_i · k_j + mask_ij) v_j, with dropout on the softmax's weights.
 *
 * Shapes: q [..., heads, seqQ, head_dim], k [..., kvHeads, seqK, head_dim], v [..., kvHeads, seqK, value_dim]
 *         -> o [..., heads, seqQ, value_dim], of their one dtype, f16 inside autocast. heads a multiple of kvHeads, each of which serves heads / kvHeads
 *         heads of queries; with two dimensions there is one head.
 * Range:  any finite scores; a mask of -3e38 or lower hides its key, whatever the score. A query that sees no key gets
 *         0 (PyTorch: NaN). p in [0, 1], rounded to f32; a tensor is clamped to it when the kernel runs, NaN in it
 *         makes o NaN, and backward throws if it was changed since the forward.
 * Throws: ShapeError, DTypeError; GradError if the mask or p wants a gradient, which is not computed; UsageError for
 *         options out of range or unknown.
 * Source: Vaswani et al. 2017, arXiv 1706.03762; backward as FlashAttention-2, arXiv 2307.08691: saves q, k, v, o and
 *         the logarithm of each row's sum.
 */
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  const op = "scaledDotProductAttention";
  checkOptions(op, options, optionNames);
  for (const [name, x] of [["q", q], ["k", k], ["v", v]] as const) {
    requireDType(op, name, x, "f32", "f16");
    requireRank(op, name, x, { atLeast: 2 });
  }
  if (k.dtype !== q.dtype || v.dtype !== q.dtype) throw new DTypeError(`${op}: q, k and v must have one dtype, got ${q.dtype}, ${k.dtype} and ${v.dtype}; convert with cast()`);
  requireSameDevice(op, q, k, v, ...maskOf(options));
  checkHeads(op, q, k, v);
  const [queries, headDim] = q.shape.slice(-2) as [number, number];
  const [keys, valueDim] = v.shape.slice(-2) as [number, number];
  const lead = q.shape.slice(0, -3);
  const sizes = { batch: sizeOf(lead), heads: q.shape.at(-3) ?? 1, kvHeads: k.shape.at(-3) ?? 1, queries, keys, headDim, valueDim };
  const spec = attentionSpec(op, q, [...q.shape.slice(0, -2), queries, keys], sizes, options);

  return scope(() => {
    const { dtype } = q;
    const o = empty(q.device, [...q.shape.slice(0, -1), valueDim], productDType(q, k, v));
    const l = empty(q.device, [2, sizes.batch * sizes.heads * queries]);
    const [queriesIn, keysIn, valuesIn] = [operandOf(op, q), operandOf(op, k), operandOf(op, v)];
    attentionForward(q.device, spec, { q: dense(queriesIn), k: dense(keysIn), v: dense(valuesIn), o: dense(o), l: l.buffer });
    return record({
      op,
      inputs: [q, k, v],
      output: o,
      saved: [queriesIn, keysIn, valuesIn, o, l, ...operandsOf(options)],
      vjp: (dout, [q, k, v, o, l, ...operands]) => {
        const [dq, dk, dv] = emptyTogether(dtype, q!, k!, v!);
        const whole = { ...dq.buffer, offset_bytes: 0, size_bytes: dv.buffer.offset_bytes + dv.buffer.size_bytes };
        const within = (x: Tensor): Operand => ({ ...dense(x), slice: whole, offset: x.buffer.offset_bytes / bytesPerElement[dtype] });
        attentionBackward(q!.device, withOperands(spec, operands), {
          ...{ q: dense(q!), k: dense(k!), v: dense(v!), o: dense(o!), l: l!.buffer, dout: dense(dout) },
          ...{ dq: within(dq), dk: within(dk), dv: within(dv) },
        });
        return [dq, dk, dv];
      },
    });
  });
}

/**
 * Self-attention of queries, keys and values that lie side by side, as one Linear makes them, with no copy in between:
 * the same as splitting, attending with `scaledDotProductAttention`, and joining the heads.
 *
 * Shapes: qkv [..., seq, 3 heads head_dim] (all queries, all keys, all values; in each, head by head)
 *         -> o [..., seq, heads head_dim], of qkv's dtype, f16 inside autocast. A mask broadcasts to [batch, heads, seq, seq], batch being all of "...".
 * Range:  as scaledDotProductAttention.
 * Throws: as scaledDotProductAttention; ShapeError if the last dimension is no multiple of 3 heads.
 * Source: as scaledDotProductAttention; the layout is GPT-2's.
 */
export function qkvAttention(qkv: Tensor, options: QkvAttentionOptions): Tensor {
  const op = "qkvAttention";
  checkOptions(op, options, ["heads", ...optionNames]);
  requireDType(op, "qkv", qkv, "f32", "f16");
  requireRank(op, "qkv", qkv, { atLeast: 2 });
  const heads = checkNumber(op, "heads", options?.heads, { min: 1, integer: true });
  const [seq, width3] = qkv.shape.slice(-2) as [number, number];
  if (width3 % (3 * heads) !== 0 || width3 === 0) {
    throw new ShapeError(`${op}: the last dimension must hold 3 x heads x head_dim elements, got ${formatShape(qkv.shape)} and heads ${heads}`);
  }
  requireSameDevice(op, qkv, ...maskOf(options));
  const width = width3 / 3;
  const lead = qkv.shape.slice(0, -2);
  const headDim = width / heads;
  const sizes = { batch: sizeOf(lead), heads, kvHeads: heads, queries: seq, keys: seq, headDim, valueDim: headDim };
  const spec = attentionSpec(op, qkv, [sizes.batch, heads, seq, seq], sizes, options);

  return scope(() => {
    const o = empty(qkv.device, [...lead, seq, width], productDType(qkv));
    const l = empty(qkv.device, [2, sizes.batch * heads * seq]);
    const part = (x: Tensor, third: number): Operand => ({ slice: x.buffer, offset: third * width, batch: seq * width3, head: headDim, row: width3 });
    const joined = (x: Tensor): Operand => ({ slice: x.buffer, offset: 0, batch: seq * width, head: headDim, row: width });
    const operand = operandOf(op, qkv);
    attentionForward(qkv.device, spec, { q: part(operand, 0), k: part(operand, 1), v: part(operand, 2), o: joined(o), l: l.buffer });
    return record({
      op,
      inputs: [qkv],
      output: o,
      saved: [operand, o, l, ...operandsOf(options)],
      vjp: (dout, [qkv, o, l, ...operands], _, gradients) => {
        const dqkv = gradients.empty(0);
        attentionBackward(qkv!.device, withOperands(spec, operands), {
          ...{ q: part(qkv!, 0), k: part(qkv!, 1), v: part(qkv!, 2), o: joined(o!), l: l!.buffer, dout: joined(dout) },
          ...{ dq: part(dqkv, 0), dk: part(dqkv, 1), dv: part(dqkv, 2) },
        });
        return [dqkv];
      },
    });
  });
}

function checkHeads(op: string, q: Tensor, k: Tensor, v: Tensor): void {
  const shapes = `q ${formatShape(q.shape)}, k ${formatShape(k.shape)}, v ${formatShape(v.shape)}`;
  const fail = (what: string): never => {
    throw new ShapeError(`${op}: ${what}, got ${shapes}`);
  };
  if (q.rank !== k.rank || q.rank !== v.rank) fail("q, k and v must have the same number of dimensions");
  const lead = q.shape.slice(0, -3);
  if (!sameShape(lead, k.shape.slice(0, -3)) || !sameShape(lead, v.shape.slice(0, -3))) fail("batch dimensions differ; expand() them");
  if (q.shape.at(-1) !== k.shape.at(-1)) fail("q and k must have rows of one length");
  if (q.shape.at(-1) === 0 || v.shape.at(-1) === 0) fail("rows must not be empty");
  if (k.shape.at(-2) !== v.shape.at(-2)) fail("k and v must have the same number of rows");
  const [heads, kvHeads, valueHeads] = [q.shape.at(-3) ?? 1, k.shape.at(-3) ?? 1, v.shape.at(-3) ?? 1];
  if (kvHeads !== valueHeads) fail("k and v must have the same number of heads");
  if (kvHeads === 0 || heads % kvHeads !== 0) fail("the heads of q must be a multiple of those of k and v");
}

type Sizes = Pick<AttentionSpec, "batch" | "heads" | "kvHeads" | "queries" | "keys" | "headDim" | "valueDim">;

function attentionSpec(op: string, q: Tensor, scores: Shape, sizes: Sizes, options: AttentionOptions): AttentionSpec {
  const { causal = false, mask, dropout } = options;
  if (typeof causal !== "boolean") throw new UsageError(`${op}: causal must be true or false, got ${String(causal)}`);
  const queryOffset = checkNumber(op, "queryOffset", options.queryOffset ?? 0, { min: 0, max: 2 ** 31, integer: true });
  const scale = checkNumber(op, "scale", options.scale ?? 1 / Math.sqrt(sizes.headDim));
  if (dropout !== undefined) checkDropout(`${op}: dropout`, q, dropout);
  const operand = mask === undefined ? null : maskOperand(op, mask, scores);
  return { ...sizes, scale, causal, queryOffset, mask: operand, dropout: dropout === undefined ? null : drawKey(dropout) };
}

/** Last of all: a call that throws takes no draw. The number 0 takes one too, as a tensor does, but drops nothing. */
function drawKey({ p, generator }: NonNullable<AttentionOptions["dropout"]>): DropoutKey | null {
  const draw = generator.next();
  return p === 0 ? null : { p: unitScalar(p), draw, stream: streams.attention };
}

function maskOperand(op: string, mask: Tensor, scores: Shape): MaskOperand {
  requireDType(op, "mask", mask, "u32", "f32");
  if (mask.requiresGrad) throw new GradError(`${op}: no gradient is computed for the mask; pass mask.detach()`);
  const lead = scores.length - mask.rank;
  if (lead < 0 || mask.shape.some((extent, axis) => extent !== 1 && extent !== scores[axis + lead])) {
    throw new ShapeError(`${op}: mask must broadcast to the scores' shape ${formatShape(scores)}, got ${formatShape(mask.shape)}`);
  }
  const strides = broadcastStrides(mask.shape, scores);
  const batch = collapseAxes(scores.slice(0, -3), [strides.slice(0, -3)]);
  if (batch.extents.length > 1) {
    throw new ShapeError(`${op}: mask broadcasts over some batch dimensions and not over others, got ${formatShape(mask.shape)} for ${formatShape(scores)}; expand() it`);
  }
  const [head = 0, row, col] = scores.length === 2 ? [0, ...strides] : strides.slice(-3);
  return {
    slice: mask.buffer,
    kind: mask.dtype === "u32" ? "truth" : "additive",
    strides: { batch: batch.strides[0]![0]!, head, row: row!, col: col! },
  };
}

const maskOf = ({ mask }: AttentionOptions): Tensor[] => (mask ? [mask] : []);

/** What backward reads besides inputs and results: the mask, and a tensor that is the dropout's p. */
const operandsOf = (options: AttentionOptions): Tensor[] => [...maskOf(options), ...heldTensor(options.dropout?.p)];

/** The saved operands in place of the caller's, which may be gone. */
function withOperands(spec: AttentionSpec, operands: readonly Tensor[]): AttentionSpec {
  const rest = [...operands];
  const mask = spec.mask && { ...spec.mask, slice: rest.shift()!.buffer };
  const dropout = spec.dropout && typeof spec.dropout.p !== "number" ? { ...spec.dropout, p: rest.shift()!.buffer } : spec.dropout;
  return { ...spec, mask, dropout };
}

/** A contiguous [..., heads, rows, dim] tensor as it lies. */
function dense(x: Tensor): Operand {
  const [rows, dim] = x.shape.slice(-2) as [number, number];
  const heads = x.shape.at(-3) ?? 1;
  return { slice: x.buffer, offset: 0, batch: heads * rows * dim, head: rows * dim, row: dim };
}

/** Tensors shaped as q, k and v in one buffer: a kernel that writes all three binds it once. */
function emptyTogether(dtype: DType, q: Tensor, k: Tensor, v: Tensor): [Tensor, Tensor, Tensor] {
  const roundedUp = (x: Tensor): number => Math.ceil(storedBytes(dtype, x.size) / 256) * 256;
  const [kOffset_bytes, vOffset_bytes] = [roundedUp(q), roundedUp(q) + roundedUp(k)];
  const memory = q.device.acquire(vOffset_bytes + storedBytes(dtype, v.size), "dq, dk and dv");
  return [
    new Tensor(q.device, q.shape, dtype, memory),
    new Tensor(k.device, k.shape, dtype, memory.retain(), kOffset_bytes),
    new Tensor(v.device, v.shape, dtype, memory.retain(), vOffset_bytes),
  ];
}
