// Layers as TensorFlow.js offers them: its core has no fused ones that can be trained.
import type { Tf, TfTensor } from "./load.js";

const eps = 1e-5;

/** Over the last axis. */
export function layerNorm(tf: Tf, x: TfTensor, weight: TfTensor, bias: TfTensor | null): TfTensor {
  return normalised(tf, x, -1, weight, bias);
}

/** Over the first axis, by the batch's own statistics. */
export function batchNorm(tf: Tf, x: TfTensor, weight: TfTensor, bias: TfTensor): TfTensor {
  return normalised(tf, x, 0, weight, bias);
}

function normalised(tf: Tf, x: TfTensor, axis: number, weight: TfTensor, bias: TfTensor | null): TfTensor {
  const { mean, variance } = tf.moments(x, axis, true);
  const y = tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, eps))), weight);
  return bias ? tf.add(y, bias) : y;
}

/** Causal, q, k and v [batch, heads, seq, head_dim]. Call it in a tidy. */
export function attention(tf: Tf, q: TfTensor, k: TfTensor, v: TfTensor): TfTensor {
  const [seq, headDim] = q.shape.slice(2) as [number, number];
  const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(headDim));
  return tf.matMul(tf.softmax(tf.add(scores, causalMask(tf, seq))), v);
}

const masks = new Map<number, TfTensor>();

/** 0 where a query may look, a number that no score reaches where it may not. */
function causalMask(tf: Tf, seq: number): TfTensor {
  let mask = masks.get(seq);
  if (!mask) masks.set(seq, (mask = tf.keep(tf.tidy(() => tf.mul(tf.sub(tf.linalg.bandPart(tf.ones([seq, seq]), -1, 0), 1), 1e9)))));
  return mask;
}
