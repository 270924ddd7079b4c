// Layers as TensorFlow.js offers them: its core has no fused ones that can be trained.
import type { Tf, TfTensor } from "./load.js";

/** Over the last axis. */
export function layerNorm(tf: Tf, x: TfTensor, weight: TfTensor, bias: TfTensor | null): TfTensor {
  const { mean, variance } = tf.moments(x, -1, true);
  const y = tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), weight);
  return bias ? tf.add(y, bias) : y;
}
