// What NaN and very large or small numbers must become, in Node and in a page.
import type { Device } from "../../src/gpu/device.js";
import * as ops from "../../src/ops/index.js";
import { fromArray } from "../../src/ops/index.js";
import { backward } from "../../src/tensor/backward.js";
import { scope } from "../../src/tensor/scope.js";
import type { Tensor } from "../../src/tensor/tensor.js";

/** Ops that could hide a NaN, of a vector whose first element is one: the first element of each result must be NaN. */
export const nanKeepers: Readonly<Record<string, (nan: Tensor) => Tensor>> = {
  relu: (x) => ops.relu(x),
  leakyRelu: (x) => ops.leakyRelu(x),
  gelu: (x) => ops.gelu(x),
  silu: (x) => ops.silu(x),
  sigmoid: (x) => ops.sigmoid(x),
  tanh: (x) => ops.tanh(x),
  clamp: (x) => ops.clamp(x, { min: -1, max: 1 }),
  maximum: (x) => ops.maximum(x, 0),
  minimum: (x) => ops.minimum(ops.fromArray(x.device, [0, 0, 0]), x),
  softmax: (x) => ops.softmax(x),
  max: (x) => ops.max(x),
  min: (x) => ops.min(x),
  mean: (x) => ops.mean(x),
  norm: (x) => ops.norm(x),
};

export const extremes = [0, 1e-8, -1e-8, 20, -20, 88, -88, 100, -100, 1e4, -1e4];

const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));

/** Each op and what it is in float64. */
export const activations: Readonly<Record<string, { op: (x: Tensor) => Tensor; reference: (v: number) => number }>> = {
  tanh: { op: ops.tanh, reference: Math.tanh },
  sigmoid: { op: ops.sigmoid, reference: sigmoid },
  silu: { op: ops.silu, reference: (v) => v * sigmoid(v) },
  softplus: { op: (x) => ops.softplus(x), reference: (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v))) },
  geluTanh: { op: (x) => ops.gelu(x, { approximate: "tanh" }), reference: (v) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))) },
};

export async function valuesOf(make: () => Tensor): Promise<number[]> {
  const y = scope(make);
  const data = [...(await y.data())];
  y.dispose();
  return data;
}

/** The first element of what each of `nanKeepers` makes of [NaN, 1, -1]. */
export async function keptNaNs(device: Device): Promise<Record<string, number>> {
  const kept: Record<string, number> = {};
  for (const [name, op] of Object.entries(nanKeepers)) kept[name] = (await valuesOf(() => op(fromArray(device, [NaN, 1, -1]))))[0]!;
  return kept;
}

/** Values and gradients of each activation at `extremes`. */
export async function extremeActivations(device: Device): Promise<Record<string, { values: number[]; gradient: number[] }>> {
  const found: Record<string, { values: number[]; gradient: number[] }> = {};
  for (const [name, { op }] of Object.entries(activations)) {
    const leaf = fromArray(device, extremes, { requiresGrad: true });
    scope(() => backward(ops.sum(op(leaf))));
    found[name] = { values: await valuesOf(() => op(leaf.detach())), gradient: [...(await leaf.grad!.data())] };
    leaf.dispose();
  }
  return found;
}

/** Of logits of ten thousand: the softmax, and the cross-entropy of the least likely class. */
export async function extremeLogits(device: Device): Promise<{ softmax: number[]; loss: number[] }> {
  const logits = () => fromArray(device, [1e4, -1e4, 0], { shape: [1, 3] });
  return {
    softmax: await valuesOf(() => ops.softmax(logits())),
    loss: await valuesOf(() => ops.crossEntropy(logits(), fromArray(device, [1], { dtype: "i32" }))),
  };
}
