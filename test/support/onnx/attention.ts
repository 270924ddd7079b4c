import * as k from "../../../src/ops/index.js";
import type { Tensor } from "../../../src/tensor/tensor.js";
import { OutOfScope, type Context, type Operator } from "./operators.js";

/** [batch, seq, heads * dim] -> [batch, heads, seq, dim]; 4-D passes through. */
function splitHeads(x: Tensor, heads: number): Tensor {
  if (x.rank === 4) return x;
  const [batch, seq, width] = x.shape as [number, number, number];
  return k.permute(k.reshape(x, [batch, seq, heads, width / heads]), [0, 2, 1, 3]);
}

function attention(c: Context): (Tensor | null)[] {
  if (c.attr("softcap", 0) !== 0) throw new OutOfScope("softcap");
  if (c.one.outputs.length > 3) throw new OutOfScope("the scores are never materialised");
  if (c.has(6)) throw new OutOfScope("nonpad_kv_seqlen");
  const q = splitHeads(c.x(0), c.attr("q_num_heads", 1));
  const withPast = (fresh: Tensor, past: number) => (c.has(past) ? k.concat([c.x(past), fresh], 2) : fresh);
  const key = withPast(splitHeads(c.x(1), c.attr("kv_num_heads", 1)), 4);
  const value = withPast(splitHeads(c.x(2), c.attr("kv_num_heads", 1)), 5);
  const scale = c.attr<number | undefined>("scale", undefined);
  const y = k.scaledDotProductAttention(q, key, value, {
    causal: c.attr("is_causal", 0) === 1,
    queryOffset: c.has(4) ? c.x(4).shape[2]! : 0,
    ...(c.has(3) ? { mask: c.x(3) } : {}),
    ...(scale === undefined ? {} : { scale }),
  });
  if (c.x(0).rank === 4) return [y, key, value];
  const [batch, heads, seq, dim] = y.shape as [number, number, number, number];
  return [k.reshape(k.permute(y, [0, 2, 1, 3]), [batch, seq, heads * dim]), key, value];
}

export const attentionOperators: Record<string, Operator> = {
  Attention: (c) => attention(c),
  RotaryEmbedding: () => {
    throw new OutOfScope("rotary embedding is not an op of Kiln");
  },
};
