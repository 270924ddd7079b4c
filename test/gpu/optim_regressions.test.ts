// Bugs that other engines shipped in exactly this place, each one named.
import { describe, expect, it } from "vitest";
import { dropout, fromArray } from "../../src/ops/index.js";
import { Adam, AdamW, SGD } from "../../src/optim/index.js";
import { cosine, linear, warmup } from "../../src/schedule/index.js";
import { Generator } from "../../src/tensor/random.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";
import { setGradient } from "../support/optim_gradients.js";
import { compare } from "../support/tolerances.js";

async function leaf(values: number[]): Promise<Tensor> {
  return fromArray(await testDevice(), values, { requiresGrad: true });
}

/** Steps with a constant gradient; the parameter's first element after each. */
async function trajectory(optimizer: AdamW | Adam | SGD, param: Tensor, gradients: readonly number[]): Promise<number[]> {
  const out: number[] = [];
  for (const gradient of gradients) {
    optimizer.zeroGrad();
    setGradient(param, new Float32Array(param.size).fill(gradient));
    optimizer.step();
    out.push((await param.data())[0]!);
  }
  return out;
}

const close = (got: number, want: number, relative: number) => expect(Math.abs(got / want - 1), `got ${got}, want ${want}`).toBeLessThanOrEqual(relative);

describe("regressions of other engines", () => {
  it("1: the rate is not frozen at the first step's", async () => {
    const param = await leaf([0]);
    const lr = warmup({ steps: 4, to: 1, convention: "llmc" }).then(linear({ steps: 4 }));
    const optimizer = new SGD([param], { lr });
    const values = await trajectory(optimizer, param, Array(9).fill(-1));
    const rates = values.map((value, i) => value - (values[i - 1] ?? 0));
    expect(rates).toEqual([0.25, 0.5, 0.75, 1, 1, 0.75, 0.5, 0.25, 0]);
  });

  it("2: weight decay of one group does not leak into another", async () => {
    const [a, b] = [await leaf([1]), await leaf([1])];
    const optimizer = new AdamW([{ params: [a], weightDecay: 0.5 }, { params: [b], weightDecay: 0 }], { lr: 0.5 });
    setGradient(a, [0]);
    setGradient(b, [0]);
    optimizer.step();
    expect([(await a.data())[0], (await b.data())[0]]).toEqual([0.75, 1]);
  });

  it("3: groups with different rates are not merged, not even in one block of memory", async () => {
    const params = await Promise.all(Array.from({ length: 6 }, () => leaf([0])));
    const optimizer = new SGD(params.map((param, i) => ({ params: [param], lr: 2 ** -i })), {});
    for (const param of params) setGradient(param, [-1]);
    optimizer.step();
    expect(await Promise.all(params.map(async (param) => (await param.data())[0]))).toEqual([1, 0.5, 0.25, 0.125, 0.0625, 0.03125]);
  });

  it("4: eps is added to the corrected root, as PyTorch does", async () => {
    const param = await leaf([0]);
    const optimizer = new Adam([param], { lr: 1, eps: 1 });
    const [after] = await trajectory(optimizer, param, [0.5]);
    // m_hat = 0.5, sqrt(v_hat) = 0.5: 0.5 / (0.5 + 1). With eps scaled by sqrt(1 - beta2) it would be 0.94.
    close(-after!, 1 / 3, 1e-6);
  });

  it("5: one fused dispatch updates every element by its own gradient", async () => {
    const device = await testDevice();
    const params = [1, 3, 4, 255, 256, 257, 1000].map((size) => fromArray(device, new Float32Array(size), { requiresGrad: true }));
    const gradients = params.map((param, i) => Float32Array.from({ length: param.size }, (_, j) => 1000 * i + j + 1));
    const optimizer = new SGD(params, { lr: 1 });
    params.forEach((param, i) => setGradient(param, gradients[i]!));
    const before = device.queue.counts.dispatches;
    optimizer.step();
    expect(device.queue.counts.dispatches - before, "norm, finalise, update").toBe(3);
    for (const [i, param] of params.entries()) expect(await param.data()).toEqual(gradients[i]!.map((g) => -g));
  });

  it("6: AdamW decays the weight, Adam adds the decay to the gradient", async () => {
    const [decoupled, coupled] = [await leaf([2]), await leaf([2])];
    const options = { lr: 0.1, weightDecay: 0.25 };
    const [w] = await trajectory(new AdamW([decoupled], options), decoupled, [0]);
    const [a] = await trajectory(new Adam([coupled], options), coupled, [0]);
    close(w!, 2 * (1 - 0.1 * 0.25), 1e-7);
    close(a!, 2 - 0.1, 1e-6);
  });

  it.each([
    [2, 0.999],
    [2, 0.9999],
    [3, 0.999],
    [100, 0.999],
    [1000, 0.9999],
  ])("7: the bias correction at t = %i for beta2 = %f is right to 1e-6", async (t, beta2) => {
    const param = await leaf([0]);
    const optimizer = new Adam([param], { lr: 0, betas: [0, beta2], eps: 0 });
    for (let i = 1; i < t; i++) {
      optimizer.zeroGrad();
      setGradient(param, [1]);
      optimizer.step();
    }
    const before = (await optimizer.stateDict()).moments.v![0]![0]!;
    optimizer.paramGroups[0]!.lr = 1;
    const [after] = await trajectory(optimizer, param, [-1]);
    // p = m / sqrt(v / correction), so correction = p^2 * v with m = 1.
    const v = before + (1 - beta2) * (1 - before);
    close(after! ** 2 * v, 1 - beta2 ** t, 1e-6);
  });

  it("8: the step counter is an integer, not an integer's bits read as a float", async () => {
    const param = await leaf([1]);
    const optimizer = new AdamW([param], { lr: 0.1 });
    await trajectory(optimizer, param, [1, 1, 1]);
    expect((await optimizer.stats()).step).toBe(3);
    const { parameterSteps, step } = await optimizer.stateDict();
    expect({ parameterSteps, step }).toEqual({ parameterSteps: [3], step: 3 });
    // A constant gradient moves Adam by lr at every step only if t is right.
    const other = await leaf([1]);
    const values = await trajectory(new Adam([other], { lr: 0.125 }), other, [1, 1, 1, 1]);
    values.forEach((value, i) => expect(value).toBeCloseTo(1 - 0.125 * (i + 1), 6));
  });

  it("9: an overflowing step updates neither moments nor weights", async () => {
    const param = await leaf([1, 2]);
    const optimizer = new AdamW([param], { lr: 0.1 });
    await trajectory(optimizer, param, [1]);
    const before = { state: await optimizer.stateDict(), values: await param.data() };
    await trajectory(optimizer, param, [Infinity]);
    expect({ state: await optimizer.stateDict(), values: await param.data() }).toEqual({ ...before, state: { ...before.state, skipped: 1 } });
  });

  it("10, 15: clipping is on whenever it is asked for, and changes the weights", async () => {
    const [free, clipped] = [await leaf([0, 0]), await leaf([0, 0])];
    const clipping = new SGD([clipped], { lr: 1, clipNorm: 1 });
    setGradient(free, [-3, -4]);
    setGradient(clipped, [-3, -4]);
    new SGD([free], { lr: 1 }).step();
    clipping.step();
    expect([...(await free.data())]).toEqual([3, 4]);
    const [x, y] = await clipped.data();
    close(x!, 3 / (5 + 1e-6), 1e-6);
    close(y!, 4 / (5 + 1e-6), 1e-6);
    const stats = await clipping.stats();
    expect(stats).toMatchObject({ clipped: 1, gradNorm: 5 });
    close(stats.clipScale, 1 / (5 + 1e-6), 1e-6);
  });

  it("10: the norm is global over all groups, and clipping can be switched while running", async () => {
    const [a, b] = [await leaf([0]), await leaf([0])];
    const optimizer = new SGD([{ params: [a], lr: 1 }, { params: [b], lr: 0.5 }], { clipNorm: 1 });
    const step = async () => {
      a.set([0]);
      b.set([0]);
      optimizer.zeroGrad();
      setGradient(a, [-3]);
      setGradient(b, [-4]);
      optimizer.step();
      return [(await a.data())[0]!, (await b.data())[0]!];
    };
    const [x, y] = await step();
    close(x!, 0.6, 1e-6);
    close(y!, 0.4, 1e-6);
    optimizer.clipNorm = null;
    expect(await step()).toEqual([3, 2]);
    optimizer.clipNorm = 2.5;
    close((await step())[0]!, 1.5, 1e-6);
    expect((await optimizer.stats()).clipped).toBe(2);
  });

  it("11: a schedule keeps each group's own rate", async () => {
    const params = await Promise.all([leaf([0]), leaf([0]), leaf([0])]);
    const base = warmup({ steps: 10, to: 1 });
    const optimizer = new SGD([{ params: [params[0]!] }, { params: [params[1]!], lr: warmup({ steps: 10, to: 0.1 }) }, { params: [params[2]!], lr: 0.01 }], { lr: base });
    for (let i = 0; i < 6; i++) {
      for (const param of params) setGradient(param, [1]);
      optimizer.step();
    }
    expect((await optimizer.stats()).lr).toEqual([0.5, 0.05, 0.01].map(Math.fround));
    optimizer.paramGroups[0]!.lr = 0.25;
    for (const param of params) setGradient(param, [1]);
    optimizer.step();
    expect((await optimizer.stats()).lr).toEqual([0.25, 0.06, 0.01].map(Math.fround));
  });

  it("14: dropout at p = 0.1 keeps nine of ten, and masks of other draws and seeds are not shifted copies", async () => {
    const device = await testDevice();
    const size = 20000;
    const ones = fromArray(device, new Float32Array(size).fill(1));
    const mask = async (generator: Generator) => [...(await dropout(ones, { p: 0.1, generator }).data())].map((y) => (y === 0 ? 0 : 1) as number);
    const [a, b] = [new Generator(1), new Generator(2)];
    const masks = [await mask(a), await mask(a), await mask(b)];
    for (const one of masks) expect(Math.abs(one.reduce((sum, kept) => sum + kept, 0) / size - 0.9)).toBeLessThan(0.01);
    // Independent masks agree at 0.9^2 + 0.1^2 of the places; a shifted copy agrees at all of them.
    for (const [x, y] of [[0, 1], [0, 2], [1, 2], [0, 0]] as const) {
      for (let shift = -4; shift <= 4; shift++) {
        if (x === y && shift === 0) continue;
        let agree = 0;
        for (let i = 4; i < size - 4; i++) agree += masks[x]![i] === masks[y]![i + shift] ? 1 : 0;
        expect(Math.abs(agree / (size - 8) - 0.82), `masks ${x} and ${y}, shifted by ${shift}`).toBeLessThan(0.02);
      }
    }
  });

  it("16: the comparison with float64 crosses every threshold: warmup's end, decay's end, the clip both ways, a refill, a skipped step", async () => {
    const param = await leaf(Array.from({ length: 40 }, (_, i) => Math.sin(i)));
    const lr = warmup({ steps: 5, to: 0.02 }).then(cosine({ steps: 40, to: 1e-3 }));
    const optimizer = new AdamW([param], { lr, betas: [0.9, 0.99], weightDecay: 0.1, clipNorm: 3 });
    const [p, m, v] = [Float64Array.from(await param.data()), new Float64Array(40), new Float64Array(40)];
    let t = 0;
    for (let i = 0; i < 60; i++) {
      const gradient = Float32Array.from({ length: 40 }, (_, j) => (i % 7 === 3 ? 20 : 0.4) * Math.cos(i + j));
      if (i === 30) gradient[3] = NaN;
      if (i === 18) await optimizer.stats();
      if (i === 20) optimizer.paramGroups[0]!.weightDecay = 0.05; // rewrites the rows ahead, from step 18 on
      optimizer.zeroGrad();
      setGradient(param, gradient);
      optimizer.step();
      const norm = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
      if (!Number.isFinite(norm)) continue;
      const scale = Math.min(1, 3 / (norm + 1e-6));
      const [rate, decay] = [lr.at(t), i < 20 ? 0.1 : 0.05];
      t++;
      for (let j = 0; j < 40; j++) {
        const g = gradient[j]! * scale;
        m[j] = 0.9 * m[j]! + 0.1 * g;
        v[j] = 0.99 * v[j]! + 0.01 * g * g;
        p[j] = p[j]! * (1 - rate * decay) - (rate * (m[j]! / (1 - 0.9 ** t))) / (Math.sqrt(v[j]! / (1 - 0.99 ** t)) + 1e-8);
      }
    }
    const result = compare(await param.data(), p, "optimizer");
    expect(result.worst, result.message).toBeLessThanOrEqual(1);
    const history = await optimizer.history();
    const share = history.filter(({ clipped }) => clipped).length / history.length;
    expect(share, "clipped both ways").toBeGreaterThan(0.1);
    expect(share, "clipped both ways").toBeLessThan(0.9);
    expect(history.map((record) => record.lr[0])).toEqual(Array.from({ length: 59 }, (_, step) => Math.fround(lr.at(step))));
    expect(await optimizer.stats()).toMatchObject({ step: 59, skipped: 1 });
    expect(history[58]!.lr[0], "past the decay").toBe(Math.fround(1e-3));
  });

  it("12, 13: a rate that changes at every step makes no pipeline and no buffer", async () => {
    const device = await testDevice();
    const param = await leaf([1]);
    const optimizer = new AdamW([param], { lr: cosine({ from: 1e-2, to: 1e-5, steps: 500 }), weightDecay: 0.1 });
    const step = (i: number) => {
      optimizer.zeroGrad();
      setGradient(param, [Math.sin(i)]);
      if (i > 250) optimizer.paramGroups[0]!.lr = 1 / i;
      if (i > 400) optimizer.paramGroups[0]!.weightDecay = 1 / i;
      optimizer.step();
    };
    step(0);
    await optimizer.stats();
    const before = { pipelines: device.pipelines.created, buffers: device.pool.created };
    for (let i = 1; i < 500; i++) step(i);
    expect({ pipelines: device.pipelines.created, buffers: device.pool.created }).toEqual(before);
    expect((await optimizer.stats()).lr).toEqual([Math.fround(1 / 499)]);
  });
});
