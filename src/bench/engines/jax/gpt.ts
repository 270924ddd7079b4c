// nanoGPT's model in jax-js: one jitted function from parameters and a batch to the loss.
import type { GptShape } from "../../specs/training.js";
import type { Jax, JaxArray } from "./load.js";
import { oneHot } from "./one_hot.js";

export type Params = Record<string, JaxArray>;

/** Mean cross-entropy. Uses up the parameters, tokens and targets, as jax-js's functions do. Linear weights are [in, out]. */
export function gptLoss({ numpy: np, nn }: Jax, { layers, heads, width, block, vocab, batch }: GptShape) {
  const norm = (x: JaxArray, weight: JaxArray) => nn.standardize(x, -1, { epsilon: 1e-5 }).mul(weight);

  const attention = (x: JaxArray, qkvWeight: JaxArray, projection: JaxArray) => {
    const qkv = np.matmul(x, qkvWeight).reshape([batch, block, 3, heads, width / heads]);
    const part = (i: number, from: JaxArray) => from.slice([], [], i);
    const mixed = nn.dotProductAttention(part(0, qkv.ref), part(1, qkv.ref), part(2, qkv), { isCausal: true });
    return np.matmul(mixed.reshape([batch * block, width]), projection);
  };

  const mlp = (x: JaxArray, expand: JaxArray, projection: JaxArray) => np.matmul(nn.gelu(np.matmul(x, expand), { approximate: false }), projection);

  return (params: Params, tokens: JaxArray, targets: JaxArray): JaxArray => {
    const take = (name: string) => params[name]!;
    const embedding = take("transformer.wte.weight");
    // A product with one-hot rows: its gradient is a product too, where that of a gather is a scatter.
    let x = np.matmul(oneHot(np, tokens, vocab), embedding.ref).reshape([batch, block, width]).add(take("transformer.wpe.weight"));
    x = x.reshape([batch * block, width]);
    for (let layer = 0; layer < layers; layer++) {
      const of = (name: string) => take(`transformer.h.${layer}.${name}.weight`);
      x = x.ref.add(attention(norm(x, of("ln_1")), of("attn.c_attn"), of("attn.c_proj")));
      x = x.ref.add(mlp(norm(x, of("ln_2")), of("mlp.c_fc"), of("mlp.c_proj")));
    }
    const logits = np.matmul(norm(x, take("transformer.ln_f.weight")), embedding.transpose());
    return nn.logSoftmax(logits).mul(oneHot(np, targets, vocab)).sum().mul(-1 / (batch * block));
  };
}
