// Every hyper-parameter may follow a schedule, and nothing is created, compiled or read back for it.
import { afterAll, describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import { openDevice } from "../../src/node/open_device.js";
import { div, dropout, fromArray, mul, sum } from "../../src/ops/index.js";
import { AdamW, SGD } from "../../src/optim/index.js";
import { constant, cosine, linear, warmup } from "../../src/schedule/index.js";
import { Generator } from "../../src/tensor/random.js";
import { backward } from "../../src/tensor/backward.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";
import { instrument, none } from "../support/instrumented_device.js";
import { testRandom } from "../support/nd.js";
import { giveGradient } from "../support/optim_gradients.js";
import { compare } from "../support/tolerances.js";

const opened: Device[] = [];
afterAll(() => opened.forEach((device) => device.close()));

const leaf = (device: Device, values: ArrayLike<number>) => fromArray(device, Float32Array.from(values), { requiresGrad: true });
const drawn = (seed: number, size: number, scale = 1) => {
  const random = testRandom(seed);
  return Array.from({ length: size }, () => Math.fround(scale * random.normal()));
};

describe("1000 steps with everything scheduled", () => {
  it("create no pipeline, buffer or bind group, read nothing back, and use schedule.at(t) in f32 at every step", async () => {
    const device = await openDevice();
    opened.push(device);
    const params = [300, 1, 70].map((size, i) => leaf(device, drawn(i, size)));
    const lr = warmup({ steps: 100, to: 1e-2 }).then(cosine({ steps: 900, to: 1e-4 }));
    const slow = linear({ from: 1e-3, to: 1e-5, steps: 700 });
    const temperature = cosine({ from: 1, to: 0.1, steps: 1000 });
    const optimizer = new AdamW(
      [
        { params: params.slice(0, 2), weightDecay: linear({ from: 0, to: 0.2, steps: 900 }), betas: [linear({ from: 0.95, to: 0.85, steps: 500 }), linear({ from: 0.9, to: 0.999, steps: 500 })] },
        { params: params.slice(2), lr: slow, eps: linear({ from: 1e-6, to: 1e-8, steps: 100 }) },
      ],
      { lr, clipNorm: linear({ from: 2, to: 0.5, steps: 1000 }), emaDecay: linear({ from: 0.9, to: 0.999, steps: 200 }) },
    );
    const rate = optimizer.scalar("dropout", linear({ from: 0.5, to: 0, steps: 800 }), { min: 0, max: 1 });
    const momentum = optimizer.scalar("bn momentum", lr.then(constant(1e-4)), { min: 0, max: 1 });
    const contrast = optimizer.scalar("temperature", temperature, { min: 0.01 });
    const gradients = params.map((param, i) => drawn(50 + i, param.size));
    params.forEach((param, i) => giveGradient(param, gradients[i]!));
    optimizer.step();
    await optimizer.stats();

    const calls = instrument(device);
    const before = device.memory();
    const poisoned = [17, 500, 501];
    Object.assign(calls, none());
    for (let i = 1; i < 1000; i++) {
      if (poisoned.includes(i)) params[1]!.grad!.set([NaN]);
      else if (poisoned.includes(i - 1)) params[1]!.grad!.set(gradients[1]!);
      optimizer.step();
    }
    device.queue.flush();
    expect(calls).toMatchObject({ createComputePipeline: 0, createShaderModule: 0, createBuffer: 0, createBindGroup: 0, mapAsync: 0 });
    expect(device.memory()).toEqual(before);

    const history = await optimizer.history();
    expect(history.map(({ step }) => step)).toEqual(Array.from({ length: 997 }, (_, t) => t));
    expect(history.map((record) => record.lr)).toEqual(history.map(({ step: t }) => [Math.fround(lr.at(t)), Math.fround(slow.at(t))]));
    expect(history.every(({ clipScale, clipped }) => clipped === clipScale < 1)).toBe(true);
    expect(await optimizer.stats()).toMatchObject({ step: 997, skipped: 3, clipped: 997 });
    expect(await rate.item()).toBe(Math.fround(linear({ from: 0.5, to: 0, steps: 800 }).at(997)));
    expect(await momentum.item()).toBe(Math.fround(lr.at(997)));
    expect(await contrast.item()).toBe(Math.fround(temperature.at(997)));
    expect(calls.createBindGroup, "the instrument sees bind groups").toBe(0);
    sum(params[0]!);
    device.queue.flush();
    expect(calls.createBindGroup, "the instrument sees bind groups").toBeGreaterThan(0);
  });

  it("a table that ends within the run is refilled in time, also behind skipped steps", async () => {
    const device = await testDevice();
    const params = Array.from({ length: 40 }, () => leaf(device, [0]));
    const schedules = params.map((_, i) => linear({ from: i, to: 0, steps: 400 }));
    const optimizer = new SGD(params.map((param, i) => ({ params: [param], lr: schedules[i]! })));
    for (let i = 0; i < 300; i++) {
      for (const param of params) giveGradient(param, [i % 29 === 3 ? NaN : 1]);
      optimizer.step();
      if (i % 10 === 0) await device.sync();
    }
    const history = await optimizer.history();
    expect(history.length).toBe(289);
    expect(history.map((record) => record.lr)).toEqual(history.map(({ step: t }) => schedules.map((schedule) => Math.fround(schedule.at(t)))));
  });
});

describe("scheduled betas and decay", () => {
  it("follow PyTorch: the bias correction has the present beta to the power of the parameter's steps", async () => {
    const device = await testDevice();
    const start = drawn(1, 300);
    const param = leaf(device, start);
    const beta1 = linear({ from: 0.5, to: 0.95, steps: 40 });
    const beta2 = linear({ from: 0.99, to: 0.9, steps: 40 });
    const decay = linear({ from: 0, to: 0.5, steps: 40 });
    const optimizer = new AdamW([param], { lr: 0.01, betas: [beta1, beta2], weightDecay: decay });
    const [p, m, v] = [Float64Array.from(start), new Float64Array(300), new Float64Array(300)];
    for (let t = 0; t < 50; t++) {
      const gradient = drawn(100 + t, 300);
      giveGradient(param, gradient);
      optimizer.step();
      const [b1, b2, wd] = [beta1.at(t), beta2.at(t), decay.at(t)];
      for (let i = 0; i < 300; i++) {
        const g = gradient[i]!;
        m[i] = b1 * m[i]! + (1 - b1) * g;
        v[i] = b2 * v[i]! + (1 - b2) * g * g;
        p[i] = p[i]! * (1 - 0.01 * wd) - (0.01 * (m[i]! / (1 - b1 ** (t + 1)))) / (Math.sqrt(v[i]! / (1 - b2 ** (t + 1))) + 1e-8);
      }
    }
    const result = compare([...(await param.data())], [...p], "optimizer");
    expect(result.worst, result.message).toBeLessThanOrEqual(1);
  });

  it("a schedule that leaves its range throws with the step, before that step", async () => {
    const device = await testDevice();
    expect(() => new AdamW([leaf(device, [1])], { betas: [linear({ from: 0.9, to: 1, steps: 10 }), 0.999] })).toThrow("betas[0] must be a finite number >= 0 and < 1, got 1 at step 10");
    expect(() => new SGD([leaf(device, [1])], { weightDecay: linear({ from: 0.1, to: -0.1, steps: 10 }) })).toThrow("weightDecay must be a finite number >= 0, got -0.01999999999999999 at step 6");
    expect(() => new SGD([leaf(device, [1])], { clipNorm: linear({ from: 1, to: 0, steps: 5 }) })).toThrow("SGD: clipNorm at step 5 must be a finite number > 0, got 0");
    expect(() => new SGD([leaf(device, [1])], { emaDecay: cosine({ steps: 5 }) })).toThrow("emaDecay starts where another schedule ended");
  });
});

describe("a scalar", () => {
  it("drives dropout and a temperature, follows a new schedule at once, and survives growth, save and load", async () => {
    const device = await testDevice();
    const param = leaf(device, drawn(3, 64));
    const optimizer = new SGD([param], { lr: 0.01 });
    const tau = linear({ from: 1, to: 0.5, steps: 10 });
    const tensors = Array.from({ length: 9 }, (_, i) => optimizer.scalar(`s${i}`, tau.scale(i + 1)));
    const generator = new Generator(1);
    for (let t = 0; t < 4; t++) {
      optimizer.zeroGrad();
      backward(sum(dropout(div(param, tensors[0]!), { p: 0.1, generator })));
      optimizer.step();
      expect(await Promise.all(tensors.map((tensor) => tensor.item()))).toEqual(tensors.map((_, i) => Math.fround(tau.scale(i + 1).at(t + 1))));
    }
    expect(optimizer.scalar("s3", 42)).toBe(tensors[3]);
    expect(await tensors[3]!.item()).toBe(42);
    const state = await optimizer.stateDict();
    expect(Object.keys(state.scalars!)).toEqual(tensors.map((_, i) => `s${i}`));
    const other = new SGD([leaf(device, drawn(3, 64))], { lr: 0.5 });
    expect(() => other.loadStateDict(state)).toThrow('scalars: got ["s0"');
    const copies = tensors.map((_, i) => other.scalar(`s${i}`, 0));
    other.loadStateDict(JSON.parse(JSON.stringify({ ...state, moments: {} })) as never);
    expect(await Promise.all(copies.map((tensor) => tensor.item()))).toEqual(await Promise.all(tensors.map((tensor) => tensor.item())));
    const bad = JSON.parse(JSON.stringify({ ...state, moments: {}, scalars: { ...state.scalars, s4: { shape: "constant", value: 5 } } })) as never;
    const bounded = new SGD([leaf(device, drawn(3, 64))], { lr: 0.5 });
    tensors.forEach((_, i) => bounded.scalar(`s${i}`, 0, { max: i === 4 ? 1 : 100 }));
    expect(() => bounded.loadStateDict(bad)).toThrow("SGD: the scalars cannot be used, nothing was loaded");
    expect(bounded.paramGroups[0]!.lr).toBe(0.5);
    optimizer.dispose();
    expect(tensors.every((tensor) => tensor.isDisposed)).toBe(true);
  });

  it("is refused out of its range, and changed between forward and backward it is noticed", async () => {
    const device = await testDevice();
    const param = leaf(device, [1, 2]);
    const optimizer = new SGD([param], { lr: 0.1 });
    expect(() => optimizer.scalar("p", 1.5, { min: 0, max: 1 })).toThrow('SGD: scalar at step 0: "p" must be a finite number >= 0 and <= 1, got 1.5');
    expect(() => optimizer.scalar("", 1)).toThrow(UsageError);
    expect(() => optimizer.scalar("q", cosine({ steps: 3 }))).toThrow('scalar "q" starts where another schedule ended');
    const p = optimizer.scalar("p", 0.5, { min: 0, max: 1 });
    expect(() => optimizer.scalar("p", 2)).toThrow("<= 1, got 2");
    const loss = sum(mul(param, p));
    optimizer.scalar("p", 0.25);
    expect(() => backward(loss)).toThrow("changed in place");
  });
});

describe("rates of groups", () => {
  it("are read and written while training runs; rows already launched keep theirs", async () => {
    const device = await testDevice();
    const params = [0, 1].map(() => leaf(device, [0])) as [Tensor, Tensor];
    const second = linear({ from: 1, to: 0, steps: 100 });
    const optimizer = new SGD([{ params: [params[0]], lr: 1 }, { params: [params[1]], lr: second }]);
    const want: number[][] = [];
    let first: (t: number) => number = () => 1;
    for (let t = 0; t < 60; t++) {
      if (t === 10) first = () => ((optimizer.paramGroups[0]!.lr = 0.5), 0.5);
      if (t === 20) {
        const ramp = linear({ from: 0, to: 1, steps: 40 });
        optimizer.paramGroups[0]!.lr = ramp;
        first = (step) => ramp.at(step);
      }
      params.forEach((param) => giveGradient(param, [1]));
      want.push([Math.fround(first(t)), Math.fround(second.at(t))]);
      optimizer.step();
    }
    expect((await optimizer.history()).map(({ lr }) => lr)).toEqual(want);
    expect(optimizer.paramGroups[1]!.lr).toBe(second);
    expect(() => optimizer.paramGroups[0]!.update({ speed: 1 } as never)).toThrow('unknown option "speed"');
    expect(() => optimizer.paramGroups[0]!.update({ momentum: -1 })).toThrow("momentum must be");
    expect(optimizer.paramGroups[0]!.options.momentum).toBe(0);
  });
});
