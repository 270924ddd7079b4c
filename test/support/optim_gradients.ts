// Gradients put where backward puts them.
import { fromArray } from "../../src/ops/creation.js";
import { backward } from "../../src/tensor/backward.js";
import type { Tensor } from "../../src/tensor/tensor.js";

/** Adds `values` to the parameter's gradient, by backward of the leaf itself. */
export function setGradient(parameter: Tensor, values: ArrayLike<number>): void {
  const gradient = fromArray(parameter.device, values, { shape: parameter.shape });
  backward(parameter, { gradient });
  gradient.dispose();
}

/** Makes `values` the parameter's gradient, in place of the one it has. */
export function giveGradient(parameter: Tensor, values: ArrayLike<number>): void {
  parameter.grad = null;
  setGradient(parameter, values);
}
