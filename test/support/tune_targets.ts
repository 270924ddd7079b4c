// Targets for tuning tools, and everything about one that a tool must leave as it found it.
import { expect } from "vitest";
import type { Device } from "../../src/gpu/device.js";
import { BatchNorm1d, Dropout, Linear, Module } from "../../src/nn/index.js";
import { add, crossEntropy, fromArray, mul, relu, sub, sum } from "../../src/ops/index.js";
import { AdamW, type Optimizer } from "../../src/optim/index.js";
import { lambda, linear } from "../../src/schedule/index.js";
import { Generator } from "../../src/tensor/random.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import type { TuneTarget } from "../../src/tune/index.js";
import { testRandom } from "./nd.js";

/** A leaf on the device. */
export const leaf = (device: Device, values: ArrayLike<number>) => fromArray(device, Float32Array.from(values), { requiresGrad: true });

/** floor + sum of h_i (x_i - centre_i)^2 / 2. */
export function quadratic(x: Tensor, h: readonly number[], centre: readonly number[] = h.map(() => 0), floor = 0): Tensor {
  const from = sub(x, fromArray(x.device, centre));
  return add(mul(sum(mul(mul(from, from), fromArray(x.device, h))), 0.5), floor);
}

/** Linear, BatchNorm, ReLU, dropout, Linear: running statistics and random masks. */
class SmallNet extends Module {
  readonly first: Linear;
  readonly norm: BatchNorm1d;
  readonly dropout: Dropout;
  readonly last: Linear;

  constructor(device: Device, generator: Generator) {
    super();
    this.first = this.registerModule("first", new Linear(device, 6, 16, { seed: 1 }));
    this.norm = this.registerModule("norm", new BatchNorm1d(device, 16));
    this.dropout = this.registerModule("dropout", new Dropout(0.3, { generator }));
    this.last = this.registerModule("last", new Linear(device, 16, 4, { seed: 2 }));
  }

  forward(x: Tensor): Tensor {
    return this.last.forward(this.dropout.forward(relu(this.norm.forward(this.first.forward(x)))));
  }
}

export interface NetTarget extends TuneTarget {
  model: SmallNet;
  optimizer: AdamW;
  /** One training step on a batch. */
  train(batch: number): void;
  dispose(): void;
}

/** A net with everything: groups with schedules and one of the user's own functions, clipping, averages, a scheduled dropout rate. */
export function netTarget(device: Device): NetTarget {
  const model = new SmallNet(device, new Generator(9));
  const [weights, others] = [model.parameters().filter(({ rank }) => rank > 1), model.parameters().filter(({ rank }) => rank === 1)];
  const optimizer = new AdamW(
    [
      { params: weights, lr: linear({ from: 0.02, to: 0.001, steps: 50 }), weightDecay: 0.1 },
      { params: others, lr: lambda((t) => 0.005 / (1 + t)), weightDecay: 0 },
    ],
    { clipNorm: 2, emaDecay: 0.9 },
  );
  model.dropout.p = optimizer.scalar("dropout", linear({ from: 0.5, to: 0.1, steps: 40 }), { min: 0, max: 1 });
  const loss = (batch: number) => {
    const random = testRandom(100 + batch);
    const x = Float32Array.from({ length: 12 * 6 }, () => random.normal());
    const labels = Int32Array.from({ length: 12 }, (_, i) => (x[6 * i]! > 0 ? 1 : 0) + (x[6 * i + 1]! > 0 ? 2 : 0));
    return crossEntropy(model.forward(fromArray(device, x, { shape: [12, 6] })), fromArray(device, labels, { dtype: "i32" }));
  };
  return {
    model,
    optimizer,
    loss,
    train(batch) {
      scope(() => {
        optimizer.zeroGrad();
        backward(loss(batch));
        optimizer.step();
      });
    },
    dispose() {
      optimizer.dispose();
      model.dispose();
    },
  };
}

const valuesOf = (tensors: readonly Tensor[]) => Promise.all(tensors.map(async (tensor) => [...(await tensor.data())]));

/** Everything that a tool must leave alone, to compare. */
export async function photograph(target: TuneTarget & { optimizer: Optimizer }, generators: readonly Generator[] = []) {
  const { optimizer, model } = target;
  const { parameters, paramGroups } = optimizer;
  const state = await optimizer.stats();
  return {
    parameters: await valuesOf(parameters),
    gradients: await Promise.all(parameters.map(async ({ grad }) => (grad ? [...(await grad.data())] : null))),
    gradientsInPlace: parameters.map(({ grad, gradSlot }) => grad === gradSlot),
    requiresGrad: [...parameters, ...(model?.parameters() ?? [])].map((tensor) => tensor.requiresGrad),
    stats: state,
    history: await optimizer.history(),
    average: optimizer.emaDecay === null ? null : await optimizer.withAveragedWeights(() => valuesOf(parameters)),
    buffers: model ? await valuesOf([...model.namedBuffers().values()]) : null,
    modes: model?.modules().map(({ training }) => training),
    generators: generators.map((generator) => generator.stateDict()),
    memory: optimizer.parameters[0]!.device.memory().liveBytes,
    options: paramGroups.map(({ options }) => options),
  };
}

/** Fails unless nothing has changed, group options (and with them schedules) by identity. */
export function expectUnchanged(after: Awaited<ReturnType<typeof photograph>>, before: Awaited<ReturnType<typeof photograph>>): void {
  expect(after).toEqual(before);
  const parts = (value: unknown) => (Array.isArray(value) ? value : [value]);
  after.options.forEach((options, i) => {
    for (const name of Object.keys(options) as (keyof typeof options)[]) {
      parts(options[name]).forEach((part, k) => expect(part, `group ${i}, ${name}`).toBe(parts(before.options[i]![name])[k]));
    }
  });
}
