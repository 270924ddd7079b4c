// What every optimizer has besides its update: clipping by value, accumulation, averaged weights, frozen groups, snapshots.
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import { fromArray, mul, sum } from "../../src/ops/index.js";
import { Adam, AdamW, SGD } from "../../src/optim/index.js";
import { lambda, linear } from "../../src/schedule/index.js";
import { backward } from "../../src/tensor/backward.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";
import { testRandom } from "../support/nd.js";
import { giveGradient } from "../support/optim_gradients.js";
import { compare } from "../support/tolerances.js";

const leaf = (device: Device, values: ArrayLike<number>) => fromArray(device, Float32Array.from(values), { requiresGrad: true });
const drawn = (seed: number, size: number, scale = 1) => {
  const random = testRandom(seed);
  return Array.from({ length: size }, () => Math.fround(scale * random.normal()));
};
const valuesOf = (tensors: readonly Tensor[]) => Promise.all(tensors.map(async (tensor) => [...(await tensor.data())]));

describe("clipping by value", () => {
  it("clamps every element, counts the steps where one was over, and can be switched", async () => {
    const device = await testDevice();
    const param = leaf(device, new Array(300).fill(0));
    const optimizer = new SGD([param], { lr: 1, clipValue: 0.5 });
    const gradient = drawn(1, 300);
    const want = new Float64Array(300);
    const step = (values: readonly number[], limit: number) => {
      giveGradient(param, values);
      optimizer.step();
      values.forEach((g, i) => (want[i]! -= Math.min(limit, Math.max(-limit, g))));
    };
    step(gradient, 0.5);
    step(gradient.map((g) => g * 0.01), 0.5);
    step([...gradient.map((g) => g * 0.01).slice(1), -7], 0.5);
    optimizer.clipValue = null;
    step(gradient, Infinity);
    optimizer.clipValue = 0.25;
    step(gradient, 0.25);
    const result = compare([...(await param.data())], [...want], "optimizer");
    expect(result.worst, result.message).toBeLessThanOrEqual(1);
    expect(await optimizer.stats()).toMatchObject({ step: 5, clipped: 3, clipScale: 1 });
    expect((await optimizer.history()).map(({ clipped }) => clipped)).toEqual([true, false, true, false, true]);
  });

  it("a NaN is not hidden by the clamp: the step is skipped", async () => {
    const device = await testDevice();
    const param = leaf(device, [1, 2]);
    const optimizer = new SGD([param], { lr: 1, clipValue: 0.5 });
    giveGradient(param, [NaN, 1]);
    optimizer.step();
    expect([...(await param.data())]).toEqual([1, 2]);
    expect(await optimizer.stats()).toMatchObject({ step: 0, skipped: 1 });
  });

  it("and by norm exclude each other", async () => {
    const device = await testDevice();
    expect(() => new SGD([leaf(device, [1])], { clipValue: 1, clipNorm: 1 })).toThrow("SGD: clipNorm and clipValue exclude each other, got both");
    const optimizer = new SGD([leaf(device, [1])], { clipValue: 1 });
    expect(() => (optimizer.clipNorm = 2)).toThrow(UsageError);
    expect([optimizer.clipNorm, optimizer.clipValue]).toEqual([null, 1]);
    expect(() => (optimizer.clipValue = 0)).toThrow("clipValue must be a finite number > 0, got 0");
  });
});

describe("accumulated gradients", () => {
  it.each([["clipNorm", 0.3], ["clipValue", 0.2], ["neither", 0]] as const)("of four backward passes are their mean, before clipping (%s)", async (name, limit) => {
    const device = await testDevice();
    const clip = name === "neither" ? {} : { [name]: limit };
    const parts = [0, 1, 2, 3].map((i) => drawn(i, 300));
    const [together, apart] = [leaf(device, drawn(9, 300)), leaf(device, drawn(9, 300))];
    const whole = new Adam([apart], { lr: 0.01, ...clip });
    const summed = new Adam([together], { lr: 0.01, ...clip });
    for (let t = 0; t < 3; t++) {
      summed.zeroGrad();
      for (const part of parts) backward(sum(mul(together, fromArray(device, part))));
      summed.step({ accumulated: 4 });
      giveGradient(apart, parts[0]!.map((_, i) => (parts[0]![i]! + parts[1]![i]! + parts[2]![i]! + parts[3]![i]!) / 4));
      whole.step();
    }
    const result = compare([...(await together.data())], [...(await apart.data())], "optimizer");
    expect(result.worst, result.message).toBeLessThanOrEqual(1);
    const [a, b] = [await summed.stats(), await whole.stats()];
    expect(a).toMatchObject({ step: 3, clipped: b.clipped });
    expect(Math.abs(a.gradNorm / b.gradNorm - 1)).toBeLessThan(1e-6);
    for (const accumulated of [0, 1.5, NaN, -1]) expect(() => summed.step({ accumulated })).toThrow("Adam.step: accumulated must be a whole number >= 1");
  });
});

describe("averaged weights", () => {
  it("follow decay * average + (1 - decay) * p, skip skipped steps, and are shown without a copy", async () => {
    const device = await testDevice();
    const params = [leaf(device, drawn(1, 300)), leaf(device, drawn(2, 7))];
    const decay = linear({ from: 0.5, to: 0.9, steps: 10 });
    const optimizer = new AdamW(params, { lr: 0.1, emaDecay: decay });
    const average = (await valuesOf(params)).map((values) => Float64Array.from(values));
    for (let t = 0; t < 15; t++) {
      const skip = t === 6;
      giveGradient(params[0]!, skip ? new Array(300).fill(NaN) : drawn(50 + t, 300));
      optimizer.step();
      const taken = t > 6 ? t - 1 : t;
      if (!skip) (await valuesOf(params)).forEach((values, i) => values.forEach((value, j) => (average[i]![j]! += (1 - decay.at(taken)) * (value - average[i]![j]!))));
    }
    const live = await valuesOf(params);
    const shown = await optimizer.withAveragedWeights(() => valuesOf(params));
    const result = compare(shown.flat(), average.flatMap((values) => [...values]), "optimizer");
    expect(result.worst, result.message).toBeLessThanOrEqual(1);
    expect(shown[0]).not.toEqual(live[0]);
    expect(shown[1], "without a gradient nothing moves").toEqual(live[1]);
    expect(await valuesOf(params)).toEqual(live);
    expect(() => optimizer.withAveragedWeights(() => optimizer.step())).toThrow("the parameters show their averaged weights");
    expect(() => optimizer.withAveragedWeights(() => { throw new Error("mine"); })).toThrow("mine");
    await expect(optimizer.withAveragedWeights(() => Promise.reject(new Error("later")))).rejects.toThrow("later");
    expect(await valuesOf(params)).toEqual(live);
    expect(() => new SGD([leaf(device, [1])]).withAveragedWeights(() => 1)).toThrow("SGD: keeps no averaged weights; make it with emaDecay");
    expect(() => new SGD([leaf(device, [1])], { emaDecay: 1 })).toThrow("emaDecay must be a finite number >= 0 and < 1, got 1");
  });

  it("are saved and loaded bit for bit", async () => {
    const device = await testDevice();
    const make = (values: readonly number[]) => {
      const param = leaf(device, values);
      return { param, optimizer: new SGD([param], { lr: 0.1, emaDecay: 0.9 }) };
    };
    const a = make(drawn(1, 20));
    const step = ({ param, optimizer }: typeof a, t: number) => {
      giveGradient(param, drawn(t, 20));
      optimizer.step();
    };
    for (let t = 0; t < 5; t++) step(a, t);
    const state = await a.optimizer.stateDict();
    const b = make([...(await a.param.data())]);
    b.optimizer.loadStateDict(state);
    for (let t = 5; t < 9; t++) [a, b].forEach((one) => step(one, t));
    expect(await b.optimizer.stateDict()).toEqual(await a.optimizer.stateDict());
    expect(() => new SGD([leaf(device, drawn(1, 20))]).loadStateDict(state)).toThrow("averaged weights: got true, expected false");
  });
});

describe("a frozen group", () => {
  it("keeps parameters, moments and counts, gets no gradient, and goes on when thawed", async () => {
    const device = await testDevice();
    const [trunk, head] = [leaf(device, [1, 2]), leaf(device, [3, 4])];
    const optimizer = new Adam([{ params: [trunk] }, { params: [head] }], { lr: 0.1 });
    const step = () => {
      optimizer.zeroGrad();
      backward(sum(mul(trunk, head)));
      optimizer.step();
    };
    step();
    const before = await optimizer.stateDict();
    const [kept] = await valuesOf([trunk]);
    optimizer.paramGroups[0]!.frozen = true;
    expect(trunk.requiresGrad).toBe(false);
    step();
    expect(trunk.grad).toBeNull();
    step();
    trunk.grad = fromArray(device, [5, 5]);
    optimizer.step();
    const during = await optimizer.stateDict();
    expect(await valuesOf([trunk])).toEqual([kept]);
    expect(during.moments.m![0]).toEqual(before.moments.m![0]);
    expect(during.parameterSteps).toEqual([1, 4]);
    expect((await optimizer.stats()).step).toBe(4);
    optimizer.paramGroups[0]!.frozen = false;
    step();
    expect((await optimizer.stateDict()).parameterSteps).toEqual([2, 5]);
    expect(await valuesOf([trunk])).not.toEqual([kept]);
    const cold = fromArray(device, [1]);
    new SGD([{ params: [cold], frozen: true }]);
    expect(cold.requiresGrad).toBe(false);
  });
});

describe("maximize", () => {
  it("climbs", async () => {
    const device = await testDevice();
    for (const Make of [SGD, Adam, AdamW]) {
      const [down, up] = [leaf(device, drawn(1, 40)), leaf(device, drawn(1, 40))];
      const options = { lr: 0.1, weightDecay: 0.1 };
      const [a, b] = [new Make([down], options), new Make([up], { ...options, maximize: true })];
      for (let t = 0; t < 4; t++) {
        giveGradient(down, drawn(t, 40).map((g) => -g));
        giveGradient(up, drawn(t, 40));
        a.step();
        b.step();
      }
      expect(await valuesOf([up])).toEqual(await valuesOf([down]));
    }
  });
});

describe("a snapshot", () => {
  it("brings everything back bit for bit, as often as asked, functions and all", async () => {
    const device = await testDevice();
    const live = device.memory().liveBytes;
    const params = [leaf(device, drawn(1, 300)), leaf(device, drawn(2, 5))];
    const custom = lambda((t: number) => 0.1 / (1 + t));
    const optimizer = new AdamW([{ params: [params[0]!], lr: custom }, { params: [params[1]!] }], { lr: 0.01, clipNorm: 3, emaDecay: 0.9 });
    const scalar = optimizer.scalar("temperature", linear({ from: 1, to: 0, steps: 100 }));
    const step = (t: number) => {
      optimizer.zeroGrad();
      giveGradient(params[0]!, drawn(t, 300));
      if (t % 3 > 0) giveGradient(params[1]!, t % 5 === 4 ? [NaN, 0, 0, 0, 0] : drawn(t, 5));
      optimizer.step();
    };
    for (let t = 0; t < 7; t++) step(t);
    const look = async () => ({
      values: await valuesOf(params),
      gradients: await Promise.all(params.map(async (param) => (param.grad ? [...(await param.grad.data())] : null))),
      stats: await optimizer.stats(),
      history: await optimizer.history(),
      average: await optimizer.withAveragedWeights(() => valuesOf(params)),
      scalar: await scalar.item(),
      options: optimizer.paramGroups.map((group) => group.options),
    });
    const before = await look();
    const goOn = async () => {
      for (let t = 7; t < 20; t++) step(t);
      return await look();
    };
    const snapshot = optimizer.snapshot();
    const first = await goOn();
    for (let round = 0; round < 2; round++) {
      optimizer.paramGroups[0]!.lr = 3;
      optimizer.paramGroups[1]!.frozen = true;
      optimizer.clipNorm = null;
      optimizer.emaDecay = 0.5;
      optimizer.scalar("temperature", 9);
      step(78); // without a gradient for the frozen group
      snapshot.restore();
      expect(await look()).toEqual(before);
      expect(optimizer.paramGroups[0]!.lr).toBe(custom);
      expect(params[1]!.requiresGrad).toBe(true);
      expect(await goOn()).toEqual(first);
    }
    snapshot.restore();
    snapshot.dispose();
    snapshot.dispose();
    expect(() => snapshot.restore()).toThrow("snapshot: restored after dispose()");
    optimizer.dispose();
    params.forEach((param) => param.dispose());
    expect(device.memory().liveBytes).toBe(live);
  });

  it("knows a gradient that the user assigned, and none", async () => {
    const device = await testDevice();
    const params = [leaf(device, [1, 2]), leaf(device, [3, 4])];
    const optimizer = new SGD(params, { lr: 0.1 });
    const assigned = fromArray(device, [5, 6]);
    params[0]!.grad = assigned;
    using snapshot = optimizer.snapshot();
    optimizer.step();
    assigned.set([7, 8]);
    giveGradient(params[1]!, [1, 1]);
    snapshot.restore();
    expect(params[0]!.grad).toBe(assigned);
    expect([...(await assigned.data())]).toEqual([5, 6]);
    expect(params[1]!.grad).toBeNull();
    optimizer.zeroGrad();
    expect(assigned.isDisposed).toBe(true);
    snapshot.restore();
    expect([...(await params[0]!.grad!.data())]).toEqual([5, 6]);
    optimizer.step();
    const [x, y] = await params[0]!.data();
    expect(x).toBeCloseTo(0.5, 6);
    expect(y).toBeCloseTo(1.4, 6);
  });
});

