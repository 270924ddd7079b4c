import * as k from "../../../src/ops/index.js";
import type { Context, Operator } from "./operators.js";

/** ONNX has classes on axis 1, Kiln on the last: move them there. */
function classesLast(c: Context) {
  const { rank } = c.x(0);
  const order = [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
  return rank <= 2 ? c.x(0) : k.permute(c.x(0), order);
}

function classesSecond(y: ReturnType<typeof k.permute>) {
  return y.rank <= 2 ? y : k.permute(y, [0, y.rank - 1, ...Array.from({ length: y.rank - 2 }, (_, i) => i + 1)]);
}

function lossOptions(c: Context) {
  const ignoreIndex = c.attr<number | undefined>("ignore_index", undefined);
  return {
    reduction: c.attr<"mean" | "sum" | "none">("reduction", "mean"),
    ...(ignoreIndex === undefined ? {} : { ignoreIndex }),
    ...(c.has(2) ? { weight: c.x(2) } : {}),
  };
}

export const lossOperators: Record<string, Operator> = {
  SoftmaxCrossEntropyLoss: (c) => {
    const logits = classesLast(c);
    const loss = k.crossEntropy(logits, c.x(1), lossOptions(c));
    return c.one.outputs.length > 1 ? [loss, classesSecond(k.logSoftmax(logits))] : [loss];
  },
  NegativeLogLikelihoodLoss: (c) => [k.nllLoss(classesLast(c), c.x(1), lossOptions(c))],
};
