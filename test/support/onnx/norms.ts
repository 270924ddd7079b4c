import * as k from "../../../src/ops/index.js";
import { Generator } from "../../../src/tensor/random.js";
import { OutOfScope, type Context, type Operator } from "./operators.js";

/** ONNX normalises from `axis` to the end; Kiln counts dimensions from the end. */
function normalizedDims(c: Context): number {
  const axis = c.attr("axis", -1);
  return axis < 0 ? -axis : c.x(0).rank - axis;
}

export const normOperators: Record<string, Operator> = {
  LayerNormalization: (c) => {
    const options = { eps: c.attr("epsilon", 1e-5), normalizedDims: normalizedDims(c) };
    return [k.layerNorm(c.x(0), c.x(1), c.has(2) ? c.x(2) : null, options), null, null];
  },
  RMSNormalization: (c) => [k.rmsNorm(c.x(0), c.x(1), { eps: c.attr("epsilon", 1e-5), normalizedDims: normalizedDims(c) })],
  BatchNormalization: (c) => {
    const training = c.attr("training_mode", 0) === 1;
    const [runningMean, runningVar] = [c.x(3), c.x(4)];
    const y = k.batchNorm(c.x(0), {
      weight: c.x(1),
      bias: c.x(2),
      runningMean,
      runningVar,
      training,
      momentum: 1 - c.attr("momentum", 0.9),
      eps: c.attr("epsilon", 1e-5),
    });
    if (!training) return [y];
    // ONNX keeps the biased variance, PyTorch and Kiln the unbiased one: undo the factor on the new part.
    const { shape } = c.x(0);
    const count = c.x(0).size / shape[1]!;
    const old = k.fromArray(c.device, c.host(4), { shape: [shape[1]!] });
    const fresh = k.sub(runningVar, k.mul(old, c.attr("momentum", 0.9)));
    return [y, runningMean, k.add(k.mul(old, c.attr("momentum", 0.9)), k.mul(fresh, (count - 1) / count))];
  },
  GroupNormalization: () => {
    throw new OutOfScope("group norm is not an op of Kiln");
  },
  InstanceNormalization: () => {
    throw new OutOfScope("instance norm is not an op of Kiln");
  },
  Dropout: async (c) => {
    const ratio = c.has(1) ? c.host(1)[0]! : 0.5;
    const training = c.has(2) && c.host(2)[0] === 1;
    if (training && ratio > 0) {
      // The mask is the generator's own: the contract, out = x / (1 - p) or 0, is what can be compared.
      const x = c.host(0);
      const y = await k.dropout(c.x(0), { p: ratio, training, generator: new Generator(7) }).data();
      const wrong = x.findIndex((value, i) => y[i] !== 0 && Math.abs(y[i]! - value / (1 - ratio)) > 1e-5 * Math.abs(y[i]!));
      if (wrong >= 0) throw new Error(`dropout: element ${wrong} is ${y[wrong]} for x = ${x[wrong]}`);
      return [null, null];
    }
    return [k.dropout(c.x(0), { p: ratio, training, generator: new Generator(7) }), null];
  },
};
