// Options and parameters that make no sense: thrown by the constructor, before anything is moved.
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import { openDevice } from "../../src/node/open_device.js";
import { fromArray } from "../../src/ops/creation.js";
import { softmax } from "../../src/ops/softmax.js";
import { Adam, AdamW, SGD } from "../../src/optim/index.js";
import { constant, cosine, linear } from "../../src/schedule/index.js";
import { backward } from "../../src/tensor/backward.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";
import { setGradient } from "../support/optim_gradients.js";

const leaf = (device: Device) => fromArray(device, [1, 2, 3], { requiresGrad: true });

const adamCases: [object, string][] = [
  [{ lr: -1 }, "lr must be a finite number >= 0, got -1"],
  [{ lr: NaN }, "lr must be a finite number >= 0, got NaN"],
  [{ lr: "1e-3" }, "schedule: needs a number or a schedule, got string"],
  [{ lr: 1e39 }, "lr must be a finite number >= 0, got 1e+39 at step 0"],
  [{ lr: constant(-1) }, "lr must be a finite number >= 0, got -1 at step 0"],
  [{ lr: linear({ from: 1, to: -1, steps: 100 }) }, "lr must be a finite number >= 0, got -0.02"],
  [{ lr: cosine({ steps: 10 }) }, "lr starts where another schedule ended, got none before it"],
  [{ betas: [1, 0.999] }, "betas[0] must be a finite number >= 0 and < 1, got 1"],
  [{ betas: [0.9, 1] }, "betas[1] must be a finite number >= 0 and < 1, got 1"],
  [{ betas: [0.9, NaN] }, "betas[1] must be a finite number"],
  [{ betas: [-0.1, 0.9] }, "betas[0] must be a finite number"],
  [{ betas: 0.9 }, "betas must be two numbers, got 0.9"],
  [{ eps: -1e-8 }, "eps must be a finite number >= 0, got -1e-8"],
  [{ weightDecay: -0.1 }, "weightDecay must be a finite number >= 0, got -0.1"],
  [{ weightDecay: Infinity }, "weightDecay must be a finite number >= 0, got Infinity"],
  [{ clipNorm: 0 }, "clipNorm must be a finite number > 0, got 0"],
  [{ clipNorm: NaN }, "clipNorm must be a finite number > 0, got NaN"],
  [{ weight_decay: 0.1 }, 'unknown option "weight_decay"; known options: lr, weightDecay, betas, eps, amsgrad, biasCorrection, maximize, frozen, clipNorm, clipValue, emaDecay'],
  [{ learningRate: 0.1 }, 'unknown option "learningRate"'],
  [{ momentum: 0.9 }, 'unknown option "momentum"'],
];

const sgdCases: [object, string][] = [
  [{ momentum: -0.5 }, "momentum must be a finite number >= 0, got -0.5"],
  [{ dampening: NaN }, "dampening must be a finite number, got NaN"],
  [{ nesterov: true }, "nesterov needs momentum > 0 and dampening 0, got momentum 0 and dampening 0"],
  [{ nesterov: true, momentum: 0.9, dampening: 0.1 }, "nesterov needs momentum > 0 and dampening 0"],
  [{ nesterov: "yes" }, "nesterov must be true or false, got yes"],
  [{ betas: [0.9, 0.999] }, 'unknown option "betas"'],
];

for (const Optimizer of [AdamW, Adam, SGD] as const) {
  const cases = Optimizer === SGD ? [...adamCases.filter(([options]) => !/betas|eps|momentum|decay"/.test(JSON.stringify(options))), ...sgdCases] : adamCases;
  describe(`${Optimizer.name} refuses`, () => {
    it.each(cases.filter(([options]) => !("weight_decay" in options) || Optimizer !== SGD))("%o", async (options, message) => {
      const device = await testDevice();
      const before = device.memory().liveBytes;
      const param = leaf(device);
      const make = () => new Optimizer([param], options as never);
      expect(make).toThrow(UsageError);
      expect(make).toThrow(message);
      if (!("clipNorm" in options)) expect(() => new Optimizer([{ params: [param], ...options } as never])).toThrow(UsageError);
      expect(param.gradSlot).toBeNull();
      param.dispose();
      expect(device.memory().liveBytes, "bytes left behind").toBe(before);
    });

    it("parameters that cannot be trained", async () => {
      const device = await testDevice();
      const a = leaf(device);
      const frozen = fromArray(device, [1]);
      const cases: [readonly unknown[] | unknown, string][] = [
        [[], "got no parameters"],
        [[{ params: [] }], "got no parameters"],
        [[a, a], "parameter 1 f32[3] is listed twice, first as parameter 0"],
        [[{ params: [a] }, { params: [a] }], "parameter 1 f32[3] is listed twice"],
        [[a, frozen], "parameter 1 f32[1] does not require a gradient; set requiresGrad"],
        [[softmax(a)], "parameter 0 f32[3] was computed by softmax; only leaves can be trained"],
        [[{ params: [3] }], "parameter 0 must be a tensor, got number"],
        [[a, { params: [a] }], "got tensors and groups mixed"],
        [[{ param: [a] }], "a group is { params: [tensors], ... }"],
        [[{ params: [a], learningRate: 1 }], 'unknown option "learningRate"'],
        [[{ params: [a], clipNorm: 1 }], 'unknown option "clipNorm"'],
        [a, "params must be an array of tensors or of groups, got object"],
        [[disposed(device)], "parameter 0 f32[3] was disposed"],
        [Array.from({ length: 512 }, () => ({ params: [leaf(device)] })), "at most 511 groups fit the step table, got 512"],
      ];
      for (const [params, message] of cases) {
        const make = () => new Optimizer(params as Tensor[]);
        expect(make, message).toThrow(UsageError);
        expect(make).toThrow(message);
      }
    });
  });
}

function disposed(device: Device): Tensor {
  const tensor = leaf(device);
  tensor.dispose();
  return tensor;
}

describe("accepted", () => {
  it("an option given as undefined, an empty group beside another, 511 groups, an empty tensor, eps 0", async () => {
    const device = await testDevice();
    const params = Array.from({ length: 511 }, () => leaf(device));
    const empty = fromArray(device, [], { shape: [0, 4], requiresGrad: true });
    const groups = [{ params: [], lr: 1 }, { params: [empty] }, ...params.slice(2).map((param, i) => ({ params: [param], lr: i / 1024 }))];
    const optimizer = new AdamW(groups, { lr: undefined, eps: 0, weightDecay: 0 } as never);
    for (let i = 0; i < 9; i++) {
      optimizer.zeroGrad();
      setGradient(params[510]!, [1, 1, 1]);
      setGradient(params[7]!, [1, 1, 1]);
      optimizer.step();
    }
    const { step, lr } = await optimizer.stats();
    expect(step).toBe(9);
    expect([lr[0], lr[1], lr[510]]).toEqual([1, Math.fround(1e-3), Math.fround(508 / 1024)]);
    // A constant gradient moves Adam by lr a step.
    expect((await params[510]!.data())[0]).toBeCloseTo(1 - (9 * 508) / 1024, 4);
    expect((await params[7]!.data())[0]).toBeCloseTo(1 - (9 * 5) / 1024, 4);
    expect((await params[8]!.data())[0]).toBe(1);
  });
});

describe("a scalar", () => {
  it("refuses a range that is none, and makes nothing then", async () => {
    const x = leaf(await testDevice());
    const optimizer = new SGD([x]);
    expect(() => optimizer.scalar("rate", 1, { maximum: 1 } as never)).toThrow('SGD: scalar "rate": unknown option "maximum"; known options: min, above, max, below, integer');
    expect(() => optimizer.scalar("rate", 1, null as never)).toThrow('SGD: scalar "rate": options must be an object, got null');
    expect(await optimizer.scalar("rate", 1, { max: 1 }).item()).toBe(1);
    optimizer.dispose();
    x.dispose();
  });
});

describe("a gradient of another device", () => {
  it("is refused by backward and by the optimizer, before the GPU sees it", async () => {
    const device = await testDevice();
    using other = await openDevice();
    const p = leaf(device);
    const foreign = fromArray(other, [1, 1, 1]);
    expect(() => backward(p, { gradient: foreign })).toThrow("backward: gradient lives on another device; move it with data() and fromArray()");
    using optimizer = new SGD([p], { lr: 0.1 });
    p.grad = foreign;
    expect(() => backward(p, { gradient: fromArray(device, [1, 1, 1]) })).toThrow("backward: the gradient assigned to a leaf lives on another device");
    expect(() => optimizer.step()).toThrow("SGD: the gradient of parameter 0 lives on another device; move it with data() and fromArray()");
    await device.sync();
  });
});
