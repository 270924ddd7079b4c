// nanoGPT's model in TensorFlow.js.
import type { GptShape } from "../../specs/training.js";
import { attention, layerNorm } from "./layers.js";
import type { Tf, TfTensor } from "./load.js";

export type Variables = Record<string, TfTensor>;

/** Mean cross-entropy. Linear weights are [in, out]. Call it in a tidy. */
export function gptLoss(tf: Tf, { layers, heads, width, block, vocab, batch }: GptShape) {
  const norm = (x: TfTensor, weight: TfTensor) => layerNorm(tf, x, weight, null);

  const selfAttention = (x: TfTensor, qkvWeight: TfTensor, projection: TfTensor) => {
    const parts = tf.split(tf.matMul(x, qkvWeight), 3, 1);
    const [q, k, v] = parts.map((part) => tf.transpose(tf.reshape(part, [batch, block, heads, width / heads]), [0, 2, 1, 3])) as [TfTensor, TfTensor, TfTensor];
    const mixed = tf.transpose(attention(tf, q, k, v), [0, 2, 1, 3]);
    return tf.matMul(tf.reshape(mixed, [batch * block, width]), projection);
  };

  const gelu = (x: TfTensor) => tf.mul(tf.mul(x, tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)), 0.5);

  return (variables: Variables, tokens: TfTensor, targets: TfTensor): TfTensor => {
    const take = (name: string) => variables[name]!;
    const embedding = take("transformer.wte.weight");
    let x: TfTensor = tf.add(tf.reshape(tf.gather(embedding, tokens as never), [batch, block, width]), take("transformer.wpe.weight"));
    x = tf.reshape(x, [batch * block, width]);
    for (let layer = 0; layer < layers; layer++) {
      const of = (name: string) => take(`transformer.h.${layer}.${name}.weight`);
      x = tf.add(x, selfAttention(norm(x, of("ln_1")), of("attn.c_attn"), of("attn.c_proj")));
      x = tf.add(x, tf.matMul(gelu(tf.matMul(norm(x, of("ln_2")), of("mlp.c_fc"))), of("mlp.c_proj")));
    }
    const logits = tf.matMul(norm(x, take("transformer.ln_f.weight")), embedding, false, true);
    return tf.losses.softmaxCrossEntropy(tf.oneHot(targets as never, vocab), logits);
  };
}
