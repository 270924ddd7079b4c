// Rows of the fault table about values, shapes, types and lifetimes of tensors.
import { beforeAll, expect } from "vitest";
import { DisposedError, DTypeError, GradError, IndexError, KilnError, ShapeError, UsageError } from "../../../src/errors.js";
import type { Device } from "../../../src/gpu/device.js";
import * as ops from "../../../src/ops/index.js";
import { fromArray } from "../../../src/ops/index.js";
import { Adam, AdamW, Lion, RMSprop, SGD } from "../../../src/optim/index.js";
import { backward } from "../../../src/tensor/backward.js";
import { scope } from "../../../src/tensor/scope.js";
import { testDevice } from "../../support/device.js";
import { activations, extremeActivations, extremeLogits, extremes, keptNaNs, valuesOf } from "../../support/extreme_values.js";
import { fault, type Count } from "../../support/fault.js";
import { compare } from "../../support/tolerances.js";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

const of = (values: readonly number[], shape = [values.length], requiresGrad = false) => fromArray(device, values, { shape, requiresGrad });
const ints = (values: readonly number[], shape = [values.length]) => fromArray(device, values, { shape, dtype: "i32" });
/** Nothing is launched, and no memory stays, when `fn` throws this. */
function refused(count: Count, fn: () => unknown, kind: abstract new (...args: never[]) => Error, message: string | RegExp): void {
  const { dispatches } = device.queue.counts;
  const { liveBytes } = device.memory();
  let error: unknown;
  try {
    scope(() => void fn());
  } catch (caught) {
    error = caught;
  }
  expect(error, String(fn)).toBeInstanceOf(kind);
  expect((error as Error).message).toMatch(message);
  expect(device.queue.counts.dispatches, `${String(fn)} launched`).toBe(dispatches);
  expect(device.memory().liveBytes, `${String(fn)} left memory`).toBe(liveBytes);
  count(1, "wrong calls refused");
}

fault(14, "Node", "NaN is not hidden by ReLU, clamp, max, min or a comparison of values", async (count) => {
  for (const [name, value] of Object.entries(await keptNaNs(device))) {
    expect(value, name).toBeNaN();
    count(1, "ops given a NaN");
  }
  expect(await valuesOf(() => ops.isNaN(of([NaN, 1, -1])))).toEqual([1, 0, 0]);
});

fault(15, "Node", "activations, softmax and cross-entropy are finite and right at large and tiny values", async () => {
  for (const [name, { values, gradient }] of Object.entries(await extremeActivations(device))) {
    const { worst, message } = compare(values, extremes.map((v) => activations[name]!.reference(Math.fround(v))), "transcendental");
    expect(worst, `${name}: ${message}`).toBeLessThanOrEqual(1);
    expect(gradient.every(Number.isFinite), `${name}'s gradient`).toBe(true);
  }
  const { softmax, loss } = await extremeLogits(device);
  expect(softmax).toEqual([1, 0, 0]);
  expect(compare(loss, [2e4], "reduction").worst).toBeLessThanOrEqual(1);
});

fault(16, "Node", "wrong shapes are a ShapeError that names the op and both shapes, before anything is queued", (count) => {
  const [a, b] = [of([1, 2, 3, 4, 5, 6], [2, 3]), of([1, 2, 3, 4], [2, 2])];
  for (const [fn, message] of [
    [() => ops.add(a, b), /^add: .*\[2, ?3\].*\[2, ?2\]/],
    [() => ops.matmul(a, b), /^matmul: .*\[2, ?3\].*\[2, ?2\]/],
    [() => ops.reshape(a, [4, 2]), /^reshape: /],
    [() => ops.concat([a, b]), /^concat: /],
    [() => ops.layerNorm(a, b, null), /^layerNorm: /],
    [() => ops.crossEntropy(a, ints([0])), /^crossEntropy: /],
    [() => ops.scaledDotProductAttention(a, b, b), /^scaledDotProductAttention: /],
    [() => ops.conv2d(a, a, null), /^conv2d: /],
    [() => ops.batchNorm(b, { weight: of([1]), training: true }), /^batchNorm: /],
    [() => a.view([7]), /view|reshape/],
  ] as const) refused(count, fn, ShapeError, message);
  a.dispose();
  b.dispose();
});

fault(17, "Node", "wrong dtypes are a DTypeError: indices in floats, arithmetic on indices, gradients of integers", (count) => {
  const [x, i] = [of([1, 2, 3, 4], [2, 2]), ints([0, 1])];
  for (const [fn, message] of [
    [() => ops.embedding(x, x), /^embedding: .*f32/],
    [() => ops.crossEntropy(x, of([0, 1])), /^crossEntropy: .*f32/],
    [() => ops.gather(x, 0, x), /^gather: .*f32/],
    [() => ops.matmul(i, i), /^matmul: .*i32/],
    [() => ops.softmax(i), /^softmax: .*i32/],
  ] as const) refused(count, fn, DTypeError, message);
  refused(count, () => fromArray(device, [1], { dtype: "i32", requiresGrad: true }), DTypeError, /i32/);
  x.dispose();
  i.dispose();
});

fault(18, "Node", "an index out of range is an IndexError at the next read, with position and value; it reads nothing else's row", async () => {
  const table = of([10, 20, 30, 40], [2, 2]);
  for (const bad of [2, -1, 2 ** 31 - 1]) {
    const y = scope(() => ops.embedding(table, ints([1, bad])));
    await expect(y.data()).rejects.toThrow(IndexError);
    expect([...(await y.data())], "no row for the bad index").toEqual([30, 40, 0, 0]);
    y.dispose();
    const loss = scope(() => ops.crossEntropy(table, ints([0, bad])));
    await expect(loss.item()).rejects.toThrow(new RegExp(`crossEntropy: index out of range, got ${bad} at position 1`));
    loss.dispose();
    const picked = scope(() => ops.gather(table, 1, ints([0, bad], [2, 1])));
    await expect(picked.data()).rejects.toThrow(`gather: index out of range, got ${bad} at position 1`);
    picked.dispose();
  }
  table.dispose();
});

fault(19, "Node", "a disposed tensor is refused by name everywhere; disposing twice is harmless", async () => {
  const x = of([1]);
  x.dispose();
  x.dispose();
  const uses: (() => unknown)[] = [() => ops.add(x, 1), () => x.view([1, 1]), () => x.detach(), () => x.set([1]), () => ops.sum(x), () => backward(x)];
  for (const use of uses) expect(use, String(use)).toThrow(KilnError);
  for (const use of uses.slice(0, 5)) expect(use, String(use)).toThrow(DisposedError);
  await expect((async () => x.data())()).rejects.toThrow(DisposedError);
  await expect((async () => x.item())()).rejects.toThrow(DisposedError);
  await device.sync();
});

fault(20, "Node", "an input disposed between forward and backward stays alive for the tape", async () => {
  const x = of([3, 4], [2], true);
  const y = of([5, 6]);
  const product = ops.sum(ops.mul(x, y));
  y.dispose();
  // Memory that the pool would hand out again if the tape did not hold it.
  const other = of([-1, -1]);
  backward(product);
  expect([...(await x.grad!.data())]).toEqual([5, 6]);
  for (const tensor of [x, product, other]) tensor.dispose();
});

fault(23, "Node", "a tensor saved for backward and changed in place is an error at backward", () => {
  const x = of([3, 4], [2], true);
  const optimizer = new SGD([x], { lr: 0.1 });
  const y = scope(() => ops.sum(ops.mul(x, x)));
  scope(() => backward(ops.sum(x)));
  optimizer.step();
  expect(() => backward(y)).toThrow(GradError);
  expect(() => backward(y)).toThrow("changed in place");
  optimizer.dispose();
  x.dispose();
  y.dispose();
});

fault(24, "Node", "backward twice, of no scalar, and of what needs no gradient are a GradError, as in PyTorch", async () => {
  const x = of([1, 2], [2], true);
  const y = ops.mul(x, x);
  expect(() => backward(y)).toThrow(GradError);
  expect(() => backward(of([1]))).toThrow(GradError);
  const loss = ops.sum(y);
  backward(loss, { retainGraph: true });
  backward(loss);
  expect(() => backward(loss)).toThrow("retainGraph");
  expect([...(await x.grad!.data())]).toEqual([4, 8]);
  for (const tensor of [x, y, loss]) tensor.dispose();
});

fault(25, "Node", "bad hyper-parameters and misspelt names throw in the constructor", (count) => {
  const x = of([1], [1], true);
  const bad: [string, () => unknown][] = [
    ["lr", () => new AdamW([x], { lr: -1 })],
    ["lr", () => new AdamW([x], { lr: NaN })],
    ["lr", () => new SGD([x], { lr: Infinity })],
    ["betas", () => new AdamW([x], { lr: 1, betas: [0.9, 1] })],
    ["betas", () => new Adam([x], { lr: 1, betas: [-0.1, 0.9] })],
    ["eps", () => new Adam([x], { lr: 1, eps: -1 })],
    ["weightDecay", () => new AdamW([x], { lr: 1, weightDecay: NaN })],
    ["momentum", () => new SGD([x], { lr: 1, momentum: -0.5 })],
    ["clipNorm", () => new Lion([x], { lr: 1, clipNorm: 0 })],
    ["weight_decay", () => new RMSprop([x], { lr: 1, weight_decay: 0.1 } as never)],
    ["learningRate", () => new SGD([x], { learningRate: 1 } as never)],
  ];
  const { liveBytes } = device.memory();
  for (const [name, make] of bad) {
    expect(make, name).toThrow(UsageError);
    expect(make).toThrow(name);
    count(1, "wrong calls refused");
  }
  expect(device.memory().liveBytes).toBe(liveBytes);
  x.dispose();
});

fault(26, "Node", "BatchNorm of one value a channel, no target left, and empty batches", async () => {
  expect(() => scope(() => ops.batchNorm(of([1, 2], [1, 2]), { training: true }))).toThrow(/batchNorm: .*one value|more than one|1 value/i);
  const ignored = await valuesOf(() => ops.crossEntropy(of([1, 2], [1, 2]), ints([-100])));
  expect(ignored[0], "the mean of nothing is NaN, as in PyTorch").toBeNaN();
  expect(await valuesOf(() => ops.crossEntropy(of([1, 2], [1, 2]), ints([-100]), { reduction: "sum" }))).toEqual([0]);
  expect(await valuesOf(() => ops.relu(of([], [0, 3])))).toEqual([]);
  expect(await valuesOf(() => ops.matmul(of([], [0, 3]), of([1, 2, 3], [3, 1])))).toEqual([]);
  expect(await valuesOf(() => ops.sum(of([], [0, 3])))).toEqual([0]);
});
