// The life of a step: what it launches, what it leaves alone, which learning rate it uses.
import { afterAll, describe, expect, it } from "vitest";
import type { Device } from "../../src/gpu/device.js";
import { openDevice } from "../../src/node/open_device.js";
import { fromArray } from "../../src/ops/creation.js";
import { Adam, AdamW, SGD } from "../../src/optim/index.js";
import { constant, cosine, linear, warmup } from "../../src/schedule/index.js";
import { backward } from "../../src/tensor/backward.js";
import { record } from "../../src/tensor/tape.js";
import { emptyLike, type Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";
import { instrument, none } from "../support/instrumented_device.js";
import { testRandom } from "../support/nd.js";
import { setGradient } from "../support/optim_gradients.js";
import { ReferenceOptimizer } from "../support/optim_reference.js";
import { compare } from "../support/tolerances.js";

const opened: Device[] = [];
afterAll(() => opened.forEach((device) => device.close()));

/** A device of the test's own, to be wrapped or bent. */
async function ownDevice(): Promise<Device> {
  const device = await openDevice();
  opened.push(device);
  return device;
}

function parameters(device: Device, count: number, size: number): Tensor[] {
  const random = testRandom(3);
  return Array.from({ length: count }, () => fromArray(device, Float32Array.from({ length: size }, () => random.normal()), { requiresGrad: true }));
}

async function hostValues(tensors: readonly Tensor[]): Promise<number[]> {
  return (await Promise.all(tensors.map((tensor) => tensor.data()))).flatMap((data) => [...data]);
}

describe("a scheduled run with clipping", () => {
  it.each([
    [1, "AdamW", AdamW],
    [50, "AdamW", AdamW],
    [50, "Adam", Adam],
    [50, "SGD", SGD],
  ] as const)("%i tensors, %s: steps 2 to 1000 create no pipeline and no buffer, read nothing back, 3 dispatches a step", async (count, _, Optimizer) => {
    const device = await ownDevice();
    const params = parameters(device, count, 70);
    const half = Math.ceil(count / 2);
    const lr = warmup({ steps: 100, to: 1e-2 }).then(cosine({ steps: 900, to: 1e-3 }));
    const groups = [{ params: params.slice(0, half) }, { params: params.slice(half), weightDecay: 0, lr: 1e-3 }];
    const optimizer = new Optimizer(groups, { lr, clipNorm: 1 });
    const gradients = params.map((param) => fromArray(device, new Float32Array(param.size).fill(0.5)));
    const step = () => {
      optimizer.zeroGrad();
      params.forEach((param, i) => backward(param, { gradient: gradients[i]! }));
      optimizer.step();
    };
    step();
    device.queue.flush();
    const calls = instrument(device);
    const before = device.memory();
    for (let i = 1; i < 1000; i++) step();
    device.queue.flush();
    expect(calls).toMatchObject({ createComputePipeline: 0, createShaderModule: 0, createBuffer: 0, mapAsync: 0, dispatches: 3 * 999 });
    expect(device.memory()).toEqual(before);
    const stats = await optimizer.stats();
    expect(stats).toMatchObject({ step: 1000, skipped: 0, clipped: 1000 });
    expect(stats.lr).toEqual([Math.fround(lr.at(999)), Math.fround(1e-3)]);
    expect(calls.mapAsync, "the instrument sees a readback").toBe(1);
  });

  it("writes the segment table only when other parameters have gradients", async () => {
    const device = await ownDevice();
    const params = parameters(device, 3, 300);
    const gradients = params.map((param) => fromArray(device, new Float32Array(param.size).fill(1)));
    const optimizer = new AdamW(params, { lr: 1e-3 });
    const calls = instrument(device);
    const writesOf = (which: number[]) => {
      optimizer.zeroGrad();
      for (const i of which) backward(params[i]!, { gradient: gradients[i]! });
      device.queue.flush();
      Object.assign(calls, none());
      const before = device.queue.counts.writes;
      optimizer.step();
      return device.queue.counts.writes - before;
    };
    expect([[0, 1, 2], [0, 1, 2], [0, 2], [0, 2], [1], [0, 1, 2]].map(writesOf)).toEqual([0, 0, 1, 0, 1, 1]);
  });
});

describe("a gradient that is not finite", () => {
  const bad = { NaN: NaN, "+Infinity": Infinity, "-Infinity": -Infinity, "a norm past f32": 3e38 };
  for (const clipNorm of [undefined, 1]) {
    it.each(Object.entries(bad))(`${clipNorm ? "with" : "without"} clipping, %s: the step is skipped, counted, and uses up nothing`, async (_, value) => {
      const device = await testDevice();
      const run = async (poison: boolean) => {
        const params = parameters(device, 3, 290);
        const lr = warmup({ steps: 6, to: 1e-2, convention: "llmc" }).then(linear({ steps: 6 }));
        const optimizer = new AdamW(params, { lr, ...(clipNorm ? { clipNorm } : {}) });
        const random = testRandom(9);
        for (let i = 0; i < 10; i++) {
          if (poison && i === 4) {
            const before = await snapshot(params, optimizer);
            const gradient = new Float32Array(290).fill(0.1);
            gradient[289] = value;
            gradient[3] = value;
            optimizer.zeroGrad();
            setGradient(params[1]!, gradient);
            setGradient(params[0]!, new Float32Array(290).fill(1));
            optimizer.step();
            const after = await snapshot(params, optimizer);
            expect(after).toEqual({ ...before, skipped: 1 });
            expect((await optimizer.stats()).gradNorm).toBeNaN();
          }
          optimizer.zeroGrad();
          for (const param of params) setGradient(param, Float32Array.from({ length: 290 }, () => random.normal()));
          optimizer.step();
        }
        return { ...(await snapshot(params, optimizer)), skipped: 0, lr: (await optimizer.stats()).lr };
      };
      expect(await run(true)).toEqual(await run(false));
    });
  }

  async function snapshot(params: readonly Tensor[], optimizer: AdamW) {
    const { moments, step, skipped, parameterSteps } = await optimizer.stateDict();
    return { values: await hostValues(params), m: moments.m, v: moments.v, step, skipped, parameterSteps };
  }

  it("in a parameter without a gradient now is not looked at", async () => {
    const device = await testDevice();
    const [a, b] = parameters(device, 2, 10) as [Tensor, Tensor];
    const optimizer = new SGD([a, b], { lr: 0.1 });
    setGradient(b, new Float32Array(10).fill(NaN));
    optimizer.zeroGrad();
    setGradient(a, new Float32Array(10).fill(1));
    optimizer.step();
    expect(await optimizer.stats()).toMatchObject({ step: 1, skipped: 0, gradNorm: Math.fround(Math.sqrt(10)) });
  });
});

describe("the step table's window", () => {
  /** 32 groups leave room for 63 rows: a table that is practical to run past its end. */
  async function manyGroups(device: Device) {
    const count = 32;
    const params = Array.from({ length: count }, (_, i) => fromArray(device, [i], { requiresGrad: true }));
    const lr = warmup({ steps: 50, to: 0.01 }).then(linear({ steps: 400, to: 0.001 }));
    const groups = params.map((param, i) => ({ params: [param], lr: i % 2 ? lr : constant(0.02).then(lr, { at: 30 }) }));
    const optimizer = new SGD(groups, {});
    const reference = new ReferenceOptimizer(
      "SGD",
      groups.map(({ lr }) => ({ lr: (t) => lr.at(t), weightDecay: 0 })),
      groups.map((_, group) => ({ group, value: [group] })),
    );
    const [good, nan] = [1, NaN].map((value) => fromArray(device, [value])) as [Tensor, Tensor];
    const step = (finite = true) => {
      optimizer.zeroGrad();
      for (const param of params) backward(param, { gradient: finite ? good : nan });
      optimizer.step();
      reference.step(params.map(() => [finite ? 1 : NaN]));
    };
    const check = async () => {
      const result = compare(await hostValues(params), reference.parameters.flatMap(({ value }) => [...value]), "optimizer");
      expect(result.worst, result.message).toBeLessThanOrEqual(1);
    };
    return { optimizer, reference, step, check };
  }

  it("300 steps without an await, on a table of 63 rows, use the right rates", async () => {
    const { optimizer, step, check } = await manyGroups(await testDevice());
    for (let i = 0; i < 300; i++) step();
    expect(await optimizer.stats()).toMatchObject({ step: 300, skipped: 0 });
    await check();
  });

  it("so do they with 20 skipped in the middle", async () => {
    const { optimizer, reference, step, check } = await manyGroups(await testDevice());
    for (let i = 0; i < 300; i++) step(!(i % 10 === 5 && i < 200));
    expect(await optimizer.stats()).toMatchObject({ step: 280, skipped: 20 });
    expect(reference.t).toBe(280);
    await check();
  });

  it("so do they when far more are skipped and the loop awaits anything now and then", async () => {
    const device = await testDevice();
    const { optimizer, step, check } = await manyGroups(device);
    for (let i = 0; i < 600; i++) {
      step(i % 2 === 0);
      if (i % 8 === 0) await device.sync();
    }
    expect(await optimizer.stats()).toMatchObject({ step: 300, skipped: 300 });
    await check();
  });

  it("when too many are skipped unseen, no wrong rate is used: steps are skipped and stats() throws, then it goes on", async () => {
    const { optimizer, reference, step, check } = await manyGroups(await testDevice());
    for (let i = 0; i < 40; i++) step();
    for (let i = 0; i < 70; i++) step(false);
    const { t } = reference;
    const missed = reference.parameters.map(({ value, steps }) => ({ value: value.slice(), steps }));
    for (let i = 0; i < 5; i++) step();
    // The five found no row: the reference takes them back.
    reference.parameters.forEach((parameter, i) => Object.assign(parameter, missed[i]!));
    reference.t = t;
    await expect(optimizer.stats()).rejects.toThrow("SGD: steps found no learning rate in the step table and were skipped, got 75 skipped steps");
    await check();
    for (let i = 0; i < 100; i++) step();
    expect(await optimizer.stats()).toMatchObject({ step: 140, skipped: 75 });
    await check();
  });

  it("a rate set by hand holds from the next step on, whatever was launched before", async () => {
    const device = await testDevice();
    const [a, b] = parameters(device, 2, 3) as [Tensor, Tensor];
    const start = await hostValues([a, b]);
    const optimizer = new SGD([{ params: [a], lr: 1 }, { params: [b], lr: warmup({ steps: 4, to: 4 }) }], {});
    const step = () => {
      optimizer.zeroGrad();
      setGradient(a, [1, 1, 1]);
      setGradient(b, [1, 1, 1]);
      optimizer.step();
    };
    step();
    step();
    optimizer.paramGroups[0]!.lr = 0.25;
    step();
    expect(optimizer.paramGroups[0]!.lr).toBe(0.25);
    optimizer.paramGroups[1]!.lr = linear({ from: 1, to: 0, steps: 8 });
    step();
    step();
    // a: 1 + 1 + 3 * 0.25; b: 0 + 1 + 2 of the warmup, then the line at t = 3 and 4.
    const want = start.map((value, i) => value - (i < 3 ? 2.75 : 3 + 5 / 8 + 4 / 8));
    const result = compare(await hostValues([a, b]), want, "arithmetic");
    expect(result.worst, result.message).toBeLessThanOrEqual(1);
    expect((await optimizer.stats()).lr).toEqual([0.25, 0.5]);
    expect(() => (optimizer.paramGroups[0]!.lr = -1)).toThrow("SGD: lr must be a finite number >= 0, got -1");
    expect(optimizer.paramGroups[0]!.lr).toBe(0.25);
  });

  it("a rate set by hand at every step for longer than the table", async () => {
    const device = await testDevice();
    const [a] = parameters(device, 1, 1) as [Tensor];
    const [start] = await hostValues([a]);
    const optimizer = new SGD([a], { lr: 1 });
    let want = start!;
    for (let i = 0; i < 5000; i++) {
      optimizer.zeroGrad();
      setGradient(a, [i % 2 ? 1 : -1]);
      optimizer.paramGroups[0]!.lr = 1 / (i + 1);
      optimizer.step();
      want -= (i % 2 ? 1 : -1) / (i + 1);
    }
    expect((await optimizer.stats()).lr).toEqual([Math.fround(1 / 5000)]);
    expect((await hostValues([a]))[0]).toBeCloseTo(want, 4);
  });
});

describe("both families of kernels", () => {
  it("the GPU's norm, finalise and grid agree with the software adapters'", async () => {
    const run = async (kind: "cpu" | "gpu-basic") => {
      const device = await ownDevice();
      (device.adapter as { class: string }).class = kind;
      const params = [3, 256, 100_003, 17].map((size, i) => {
        const random = testRandom(i);
        return fromArray(device, Float32Array.from({ length: size }, () => random.normal()), { requiresGrad: true });
      });
      const optimizer = new AdamW([{ params: params.slice(0, 2) }, { params: params.slice(2), lr: 1e-3 }], { lr: 1e-2, clipNorm: 100 });
      const random = testRandom(77);
      const norms: number[] = [];
      for (let i = 0; i < 4; i++) {
        optimizer.zeroGrad();
        params.forEach((param, p) => (i + p) % 4 && setGradient(param, Float32Array.from({ length: param.size }, () => random.normal())));
        optimizer.step();
        norms.push((await optimizer.stats()).gradNorm);
      }
      setGradient(params[0]!, [0, NaN, 0]);
      optimizer.step();
      const { step, skipped, clipped } = await optimizer.stats();
      return { norms, step, skipped, clipped, values: await hostValues(params) };
    };
    const [software, hardware] = [await run("cpu"), await run("gpu-basic")];
    for (const key of ["norms", "values"] as const) {
      const result = compare(hardware[key], software[key], "optimizer");
      expect(result.worst, `${key}: ${result.message}`).toBeLessThanOrEqual(1);
    }
    const { step, skipped, clipped } = hardware;
    expect({ step, skipped, clipped }).toEqual({ step: 4, skipped: 1, clipped: 3 });
    expect({ step: software.step, skipped: software.skipped, clipped: software.clipped }).toEqual({ step: 4, skipped: 1, clipped: 3 });
  });
});

describe("a large arena", () => {
  it("past 65,535 workgroups every block takes its step", async () => {
    const device = await ownDevice();
    (device.adapter as { class: string }).class = "gpu-basic";
    const size = 65_536 * 256 + 5;
    const param = fromArray(device, new Float32Array(size), { requiresGrad: true });
    const optimizer = new SGD([param], { lr: 1 });
    setGradient(param, Float32Array.from({ length: size }, (_, i) => -((i >> 8) % 251) - 1));
    optimizer.step();
    const got = await param.data();
    expect(got.findIndex((value, i) => value !== ((i >> 8) % 251) + 1), "first wrong element").toBe(-1);
    param.dispose();
    optimizer.dispose();
  });
});

describe("in-place change", () => {
  it("a backward through a forward older than the step throws GradError", async () => {
    const device = await testDevice();
    const [a] = parameters(device, 1, 4) as [Tensor];
    const optimizer = new SGD([a], { lr: 0.1 });
    const y = record({ op: "probe", inputs: [a], output: emptyLike(a), saved: [a], vjp: (dy) => [dy.detach()] });
    setGradient(a, [1, 1, 1, 1]);
    optimizer.step();
    const gradient = fromArray(device, [1, 1, 1, 1]);
    expect(() => backward(y, { gradient })).toThrow("changed in place");
  });
});
