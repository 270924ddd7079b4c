// Saving, loading, memory: what an optimizer takes, keeps and gives back.
import { afterAll, describe, expect, it } from "vitest";
import { CheckpointError, DisposedError, OutOfMemoryError } from "../../src/errors.js";
import { Device } from "../../src/gpu/device.js";
import { openDevice } from "../../src/node/open_device.js";
import { fromArray } from "../../src/ops/creation.js";
import { Adam, AdamW, SGD, type OptimizerState } from "../../src/optim/index.js";
import { layoutArenas } from "../../src/optim/arena.js";
import { cosine, warmup } from "../../src/schedule/index.js";
import { scope } from "../../src/tensor/scope.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";
import { testRandom } from "../support/nd.js";
import { setGradient } from "../support/optim_gradients.js";
import { compare } from "../support/tolerances.js";

const sizes = [1, 300, 256, 31];
const opened: Device[] = [];
afterAll(() => opened.forEach((device) => device.close()));

function parameters(device: Device, values?: readonly ArrayLike<number>[], extents = sizes): Tensor[] {
  const random = testRandom(1);
  return extents.map((size, i) => fromArray(device, values?.[i] ?? Float32Array.from({ length: size }, () => random.normal()), { requiresGrad: true }));
}

const hostValues = (tensors: readonly Tensor[]) => Promise.all(tensors.map((tensor) => tensor.data()));

/** The gradients of step t, the same in every run: now and then none, now and then NaN. */
function takeStep(params: readonly Tensor[], optimizer: AdamW | Adam | SGD, t: number): void {
  const random = testRandom(100 + t);
  optimizer.zeroGrad();
  params.forEach((param, i) => {
    const gradient = Float32Array.from({ length: param.size }, () => random.normal());
    if (t % 6 === 4 && i === 2) gradient[7] = NaN;
    if ((t + i) % 5 !== 0 && param.requiresGrad) setGradient(param, gradient);
  });
  optimizer.step();
}

const makers = {
  AdamW: (params: Tensor[]) =>
    new AdamW([{ params: params.slice(0, 2) }, { params: params.slice(2), weightDecay: 0, lr: 2e-3, betas: [0.8, 0.9] }], {
      lr: warmup({ steps: 7, to: 1e-2 }).then(cosine({ steps: 20 })),
      clipNorm: 15,
    }),
  "SGD with momentum": (params: Tensor[]) => new SGD(params, { lr: warmup({ steps: 7, to: 1e-2 }), momentum: 0.9 }),
  "SGD without": (params: Tensor[]) => new SGD(params, { lr: 0.1, weightDecay: 0.1 }),
};

describe("stateDict", () => {
  it.each(Object.entries(makers))("%s: a loaded run goes on bit for bit", async (_, make) => {
    const device = await testDevice();
    const params = parameters(device);
    const optimizer = make(params);
    for (let t = 0; t < 13; t++) takeStep(params, optimizer, t);
    const state = await optimizer.stateDict();
    const values = await hostValues(params);
    for (let t = 13; t < 30; t++) takeStep(params, optimizer, t);

    const { moments, ...plain } = state;
    const copy = parameters(device, values);
    const other = make(copy);
    // Something to be overwritten.
    takeStep(copy, other, 50);
    other.paramGroups[0]!.lr = 17;
    copy.forEach((param, i) => param.set(values[i]!));
    other.loadStateDict({ ...(JSON.parse(JSON.stringify(plain)) as typeof plain), moments });
    expect(await other.stateDict()).toEqual(state);
    for (let t = 13; t < 30; t++) takeStep(copy, other, t);

    expect(await hostValues(copy)).toEqual(await hostValues(params));
    expect(await other.stateDict()).toEqual(await optimizer.stateDict());
    const stats = await other.stats();
    expect(stats).toEqual(await optimizer.stats());
    expect(stats).toMatchObject({ step: 26, skipped: 4 });
    if (other.clipNorm) expect(stats.clipped).toBeGreaterThan(3);
  });

  it("is one moment of the run, whatever is launched while it is read", async () => {
    const device = await testDevice();
    const params = parameters(device);
    const optimizer = makers.AdamW(params);
    for (let t = 0; t < 3; t++) takeStep(params, optimizer, t);
    const calm = await optimizer.stateDict();
    const pending = optimizer.stateDict();
    for (let t = 3; t < 6; t++) takeStep(params, optimizer, t);
    expect(await pending).toEqual(calm);
    expect((await optimizer.stats()).step).toBe(5);
  });

  it("counts the steps of each parameter, as PyTorch does", async () => {
    const device = await testDevice();
    const params = parameters(device);
    const optimizer = new Adam(params);
    for (let t = 0; t < 7; t++) takeStep(params, optimizer, t);
    // Of t = 0 to 6 each parameter has a gradient where (t + i) % 5 is not 0; t = 4 is skipped.
    expect((await optimizer.stateDict()).parameterSteps).toEqual([4, 6, 5, 5]);
  });

  it("of another optimizer is refused whole, with every difference", async () => {
    const device = await testDevice();
    const params = parameters(device);
    const optimizer = makers.AdamW(params);
    takeStep(params, optimizer, 1);
    const before = await optimizer.stateDict();
    const change = (edit: Partial<OptimizerState>) => () => optimizer.loadStateDict({ ...before, ...edit });
    const bad: [() => void, string][] = [
      [change({ algorithm: "Adam" }), 'algorithm: got "Adam", expected "AdamW"'],
      [change({ step: -1 }), "step: got -1, expected a count"],
      [change({ step: 1.5 }), "step: got 1.5, expected a count"],
      [change({ clipNorm: -2 }), "clipNorm: got -2"],
      [change({ groups: before.groups.slice(1) }), "parameters of each group: got [2], expected [2,2]"],
      [change({ parameterSteps: [1] }), "parameterSteps: expected 4 counts"],
      [change({ moments: { m: before.moments.m! } }), 'moments: got ["m"], expected ["m","v"]'],
      [change({ moments: { ...before.moments, v: before.moments.v!.slice(1) } }), "elements of v: got [300,256,31], expected [1,300,256,31]"],
      [change({ groups: [{ ...before.groups[0]!, lr: -1 }, before.groups[1]!] }), "the options of group 0 cannot be used"],
      [change({ groups: [before.groups[0]!, { ...before.groups[1]!, betas: [1, 2] }] }), "the options of group 1 cannot be used"],
      [change({ groups: [before.groups[0]!, { ...before.groups[1]!, weightDecay: -1 }] }), "the options of group 1 cannot be used"],
      [change({ groups: [before.groups[0]!, { ...before.groups[1]!, speed: 3 }] }), "the options of group 1 cannot be used"],
      [() => optimizer.loadStateDict(null as never), "the state must be an object"],
    ];
    for (const [load, message] of bad) {
      expect(load, message).toThrow(CheckpointError);
      expect(load).toThrow(message);
    }
    expect(change({ algorithm: "Lion", step: NaN })).toThrow(/algorithm: got "Lion"[^]*step: got NaN/);
    expect(await optimizer.stateDict()).toEqual(before);
  });
});

describe("the arena", () => {
  it("adopts values and gradients, and leaves parameters usable after dispose()", async () => {
    const device = await testDevice();
    const before = device.memory().liveBytes;
    const params = parameters(device);
    const values = await hostValues(params);
    setGradient(params[1]!, new Float32Array(300).fill(2));
    const optimizer = scope(() => new SGD(params, { lr: 0.5 }));
    expect(await hostValues(params)).toEqual(values);
    expect(await params[1]!.grad!.data()).toEqual(new Float32Array(300).fill(2));
    expect(new Set(params.map((param) => param.memory)).size, "one buffer").toBe(1);
    expect(params.every((param) => param.buffer.offset_bytes % 1024 === 0), "on blocks of 256 elements").toBe(true);
    optimizer.step();
    const want = values.map((value, i) => (i === 1 ? value.map((x) => x - 1) : value));
    expect(await hostValues(params)).toEqual(want);
    optimizer.dispose();
    optimizer.dispose();
    expect(() => optimizer.step()).toThrow(DisposedError);
    await expect(optimizer.stats()).rejects.toThrow("SGD: used after dispose()");
    expect(await hostValues(params)).toEqual(want);
    expect(params.every((param) => param.grad === null && param.gradSlot === null)).toBe(true);
    // A new optimizer takes over from there.
    const next = new AdamW(params, { lr: 0 });
    setGradient(params[0]!, [1]);
    next.step();
    expect(await hostValues(params)).toEqual(want);
    next.dispose();
    for (const param of params) param.dispose();
    expect(device.memory().liveBytes).toBe(before);
  });

  it("does not touch what lies around a parameter that has no gradient", async () => {
    const device = await testDevice();
    const params = parameters(device);
    const optimizer = new AdamW(params, { lr: 0.1 });
    const before = await hostValues(params);
    setGradient(params[1]!, new Float32Array(300).fill(1));
    for (let i = 0; i < 5; i++) optimizer.step();
    const after = await hostValues(params);
    for (const i of [0, 2, 3]) expect(after[i]).toEqual(before[i]);
    expect(after[1]).not.toEqual(before[1]);
    const { moments, parameterSteps } = await optimizer.stateDict();
    expect(parameterSteps).toEqual([0, 5, 0, 0]);
    for (const i of [0, 2, 3]) for (const name of ["m", "v"]) expect(moments[name]![i]!.every((x) => x === 0)).toBe(true);
  });

  it("without any gradient a step does nothing and counts nothing", async () => {
    const device = await testDevice();
    const params = parameters(device);
    const optimizer = new AdamW(params, { lr: 0.1 });
    const dispatches = device.queue.counts.dispatches;
    optimizer.step();
    expect(device.queue.counts.dispatches).toBe(dispatches);
    expect((await optimizer.stats()).step).toBe(0);
    setGradient(params[0]!, [1]);
    optimizer.step();
    expect((await optimizer.stats()).step).toBe(1);
  });

  it("copies a gradient that the user assigned, and zeroGrad() forgets it", async () => {
    const device = await testDevice();
    const params = parameters(device);
    const optimizer = new SGD(params, { lr: 1 });
    const [start] = await params[0]!.data();
    params[0]!.grad = fromArray(device, [0.5]);
    optimizer.step();
    expect((await params[0]!.data())[0]).toBe(Math.fround(start! - 0.5));
    optimizer.zeroGrad();
    expect(params[0]!.grad).toBeNull();
    params[0]!.grad = fromArray(device, [1, 2]);
    expect(() => optimizer.step()).toThrow("SGD: the gradient of parameter 0 must be f32[1], got f32[2]");
    optimizer.zeroGrad();
    setGradient(params[0]!, [1]);
    params[0]!.grad!.dispose();
    optimizer.zeroGrad();
    setGradient(params[0]!, [0.25]);
    optimizer.step();
    expect((await params[0]!.data())[0]).toBe(Math.fround(Math.fround(start! - 0.5) - 0.25));
  });

  it("refuses to go on when another optimizer has taken a parameter", async () => {
    const device = await testDevice();
    const params = parameters(device);
    const first = new SGD(params, { lr: 1 });
    const second = new SGD(params.slice(1, 2), { lr: 1 });
    setGradient(params[1]!, new Float32Array(300));
    expect(() => first.step()).toThrow("SGD: parameter 1 [300] now belongs to another optimizer");
    second.step();
    first.dispose();
    setGradient(params[1]!, new Float32Array(300));
    second.step();
    expect((await second.stats()).step).toBe(2);
  });

  it("skips a parameter that the user disposed", async () => {
    const device = await testDevice();
    const params = parameters(device);
    const optimizer = new AdamW(params, { lr: 0.1 });
    setGradient(params[0]!, [1]);
    setGradient(params[1]!, new Float32Array(300).fill(1));
    params[1]!.dispose();
    optimizer.step();
    optimizer.zeroGrad();
    expect((await optimizer.stateDict()).parameterSteps).toEqual([1, 0, 0, 0]);
  });

  /** The same GPU with a smaller binding limit: adapters cannot be asked for less. */
  async function limitedDevice(bytes: number): Promise<Device> {
    const real = await openDevice();
    opened.push(real);
    const limits = new Proxy(real.gpu.limits, {
      get: (target, name) => (name === "maxStorageBufferBindingSize" ? bytes : Reflect.get(target, name, target)),
    });
    const gpu = new Proxy(real.gpu, {
      get(target, name) {
        if (name === "limits") return limits;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
      },
    });
    return new Device(gpu, { info: real.gpu.adapterInfo, features: real.gpu.features } as GPUAdapter);
  }

  it("splits where the parameters do not fit one binding: two dispatches more for each further arena", async () => {
    // Blocks of 1, 41, 30 and 1: arenas of 42 and 31 blocks under a limit of 65, which still holds the step table.
    const extents = [1, 40 * 256 + 5, 30 * 256, 31];
    const run = async (device: Device) => {
      const params = parameters(device, undefined, extents);
      const optimizer = makers.AdamW(params);
      for (let t = 0; t < 8; t++) takeStep(params, optimizer, t);
      const { dispatches } = device.queue.counts;
      takeStep(params, optimizer, 8);
      const values = (await hostValues(params)).flatMap((data) => [...data]);
      const { moments, ...state } = await optimizer.stateDict();
      return { values, v: moments.v!.flatMap((data) => [...data]), state, dispatches: device.queue.counts.dispatches - dispatches, buffers: new Set(params.map((param) => param.memory)).size };
    };
    const whole = await run(await testDevice());
    const split = await run(await limitedDevice(65 * 1024));
    expect([whole.buffers, split.buffers, whole.dispatches, split.dispatches]).toEqual([1, 2, 3, 5]);
    expect(split.state).toEqual(whole.state);
    for (const name of ["values", "v"] as const) {
      const result = compare(split[name], whole[name], "optimizer");
      expect(result.worst, `${name}: ${result.message}`).toBeLessThanOrEqual(1);
    }
  });

  it("with several arenas, averaged weights, clipping by value, frozen groups, snapshots and saved states are those of one", async () => {
    // Blocks of 1, 41, 30, 1 and, for the empty parameter, 1.
    const extents = [1, 40 * 256 + 5, 30 * 256, 31, 0];
    const make = (params: Tensor[]) =>
      new Adam([{ params: params.slice(0, 2) }, { params: params.slice(2) }], { lr: warmup({ steps: 7, to: 1e-2 }), clipValue: 1, emaDecay: 0.9 });
    const run = async (device: Device) => {
      const live = device.memory().liveBytes;
      const params = parameters(device, undefined, extents);
      const optimizer = make(params);
      const scalar = optimizer.scalar("s", cosine({ from: 1, to: 0, steps: 20 }));
      const twelve = () => {
        for (let t = 0; t < 12; t++) {
          optimizer.paramGroups[1]!.frozen = t === 5 || t === 6;
          takeStep(params, optimizer, t);
        }
      };
      twelve();
      const snapshot = optimizer.snapshot();
      const look = async () => ({
        values: (await hostValues(params)).map((data) => [...data]),
        averages: (await optimizer.withAveragedWeights(() => hostValues(params))).map((data) => [...data]),
        state: await optimizer.stateDict(),
        scalar: await scalar.item(),
        gradients: params.map((param) => param.grad !== null),
      });
      const before = await look();
      twelve();
      const after = await look();
      snapshot.restore();
      expect(await look()).toEqual(before);
      twelve();
      expect(await look()).toEqual(after);
      optimizer.loadStateDict(before.state);
      expect((await look()).averages).toEqual(before.averages);
      const buffers = new Set(params.map((param) => param.memory)).size;
      snapshot.dispose();
      optimizer.dispose();
      params.forEach((param) => param.dispose());
      expect(device.memory().liveBytes).toBe(live);
      return { ...after, buffers };
    };
    const whole = await run(await testDevice());
    const split = await run(await limitedDevice(65 * 1024));
    expect([whole.buffers, split.buffers]).toEqual([1, 2]);
    const { moments, ...plain } = whole.state;
    const { moments: splitMoments, ...splitPlain } = split.state;
    expect({ ...splitPlain, scalar: split.scalar, gradients: split.gradients }).toEqual({ ...plain, scalar: whole.scalar, gradients: whole.gradients });
    expect({ values: split.values, averages: split.averages, moments: splitMoments }).toEqual({ values: whole.values, averages: whole.averages, moments });
  });

  it("names the limit where one parameter alone is over it", async () => {
    const device = await testDevice();
    const params = [256, 257].map((size) => fromArray(device, new Float32Array(size), { requiresGrad: true }));
    expect(layoutArenas("AdamW", params.slice(0, 1), 1024)).toEqual([{ blocks: 1, places: [{ parameter: 0, firstBlock: 0 }] }]);
    expect(() => layoutArenas("AdamW", params, 1024)).toThrow(OutOfMemoryError);
    expect(() => layoutArenas("AdamW", params, 1024)).toThrow("AdamW: parameter 1 [257] needs 2048 bytes, over the adapter's limit of 1024 bytes (maxStorageBufferBindingSize");
  });
});
