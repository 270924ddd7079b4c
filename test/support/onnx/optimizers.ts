import { OutOfScope, type Operator } from "./operators.js";

const differs: Operator = (c) => {
  throw new OutOfScope(`${c.one.op} of ONNX's preview domain: other formulas than PyTorch's at the update count 0 of these cases`);
};

export const optimizerOperators: Record<string, Operator> = { Adam: differs, Adagrad: differs, Momentum: differs };
