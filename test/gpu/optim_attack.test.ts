// What goes wrong around an optimizer: constructors that fail, memory that went elsewhere, tables that are short, states that lie.
import { describe, expect, it } from "vitest";
import { CheckpointError, DisposedError, UsageError } from "../../src/errors.js";
import { useAveragedWeights } from "../../src/recipe/model_of.js";
import type { Device } from "../../src/gpu/device.js";
import { GPT } from "../../src/nn/index.js";
import { fromArray, mul, sum } from "../../src/ops/index.js";
import { Adam, AdamW, SGD, type OptimizerState } from "../../src/optim/index.js";
import { lambda, linear } from "../../src/schedule/index.js";
import { backward } from "../../src/tensor/backward.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";
import { testRandom } from "../support/nd.js";
import { giveGradient } from "../support/optim_gradients.js";
import { compare } from "../support/tolerances.js";

const leaf = (device: Device, values: ArrayLike<number>) => fromArray(device, Float32Array.from(values), { requiresGrad: true });
const drawn = (seed: number, size: number) => {
  const random = testRandom(seed);
  return Array.from({ length: size }, () => Math.fround(random.normal()));
};
const valuesOf = (tensors: readonly Tensor[]) => Promise.all(tensors.map(async (tensor) => [...(await tensor.data())]));

describe("a constructor that fails", () => {
  const attempts: [string, (device: Device, a: Tensor, b: Tensor) => void, string][] = [
    ["a gradient of another shape", (device, _, b) => (b.grad = fromArray(device, drawn(1, 900))), "the gradient of parameter 1 must be f32[3], got f32[900]"],
    ["a gradient of another dtype", (device, _, b) => (b.grad = fromArray(device, [1, 2, 3], { dtype: "i32" })), "must be f32[3], got i32[3]"],
    ["a gradient that was disposed", (device, _, b) => (b.grad = fromArray(device, [1, 2, 3])).dispose(), "the gradient of parameter 1"],
  ];
  it.each(attempts)("for %s leaves parameters and memory as they were", async (_, spoil, message) => {
    const device = await testDevice();
    const [a, b] = [leaf(device, [1, 2]), leaf(device, [3, 4, 5])];
    spoil(device, a, b);
    const [memories, live] = [[a.memory, b.memory], device.memory().liveBytes];
    expect(() => new SGD([a, b])).toThrow(message);
    expect([a.memory === memories[0], b.memory === memories[1]]).toEqual([true, true]);
    expect(device.memory().liveBytes).toBe(live);
    expect(await valuesOf([a, b])).toEqual([[1, 2], [3, 4, 5]]);
  });

  it("for the options of one group leaves the parameters of another unfrozen", async () => {
    const device = await testDevice();
    const [a, b] = [leaf(device, [1]), leaf(device, [1])];
    const live = device.memory().liveBytes;
    expect(() => new SGD([{ params: [a], frozen: true }, { params: [b], lr: -1 }])).toThrow("lr must be");
    expect(() => new SGD([{ params: [a], frozen: true }, { params: [b], lr: linear({ from: 1, to: -1, steps: 10 }) }])).toThrow("at step");
    expect(a.requiresGrad).toBe(true);
    expect(device.memory().liveBytes).toBe(live);
  });

  it("for params that are no array says so", async () => {
    const device = await testDevice();
    expect(() => new SGD([{ params: leaf(device, [1]) as never }])).toThrow(/^SGD: a group is { params: \[tensors\], ... }, got params that are one tensor$/);
    expect(() => new SGD([null as never])).toThrow(/got null$/);
    expect(() => new SGD([{} as never])).toThrow(/got params of type undefined$/);
  });

  it("two parameters over the same memory are refused: they would drift apart", async () => {
    const device = await testDevice();
    const base = leaf(device, [1, 2, 3, 4]);
    expect(() => new SGD([leaf(device, [1]), base, base.view([2, 2]).setRequiresGrad()])).toThrow("SGD: parameter 2 f32[2, 2] shares memory with parameter 1");
    const optimizer = new SGD([base, leaf(device, [1]), leaf(device, [])]);
    new SGD([...optimizer.parameters]);
  });

  it("two parameters may have one gradient", async () => {
    const device = await testDevice();
    const [a, b] = [leaf(device, [1]), leaf(device, [2])];
    a.grad = b.grad = fromArray(device, [1]);
    new SGD([a, b], { lr: 1 }).step();
    expect(await valuesOf([a, b])).toEqual([[0], [1]]);
  });
});

describe("memory that went elsewhere", () => {
  it("restore() after the optimizer was disposed writes nowhere", async () => {
    const device = await testDevice();
    const param = leaf(device, drawn(1, 300));
    const optimizer = new SGD([param], { lr: 1, momentum: 0.9 });
    const snapshot = optimizer.snapshot();
    optimizer.dispose();
    const others = Array.from({ length: 8 }, () => fromArray(device, new Float32Array(512).fill(7)));
    param.set(drawn(2, 300));
    expect(() => snapshot.restore()).toThrow(DisposedError);
    for (const other of others) expect((await other.data()).every((x) => x === 7)).toBe(true);
    expect(await valuesOf([param])).toEqual([drawn(2, 300)]);
    snapshot.dispose();
  });

  it("restore() is refused whole while averaged weights show", async () => {
    const device = await testDevice();
    const param = leaf(device, [1]);
    const optimizer = new SGD([param], { lr: 1, emaDecay: 0.5 });
    const snapshot = optimizer.snapshot();
    giveGradient(param, [1]);
    optimizer.step();
    expect(() => optimizer.withAveragedWeights(() => snapshot.restore())).toThrow("show their averaged weights");
    expect(await valuesOf([param])).toEqual([[0]]);
    snapshot.restore();
    expect(await valuesOf([param])).toEqual([[1]]);
    snapshot.dispose();
  });

  it("an optimizer whose parameter has gone to another one neither shows, saves nor restores it", async () => {
    const device = await testDevice();
    const params = [leaf(device, [1]), leaf(device, [2])];
    const first = new SGD(params, { lr: 1, emaDecay: 0.5 });
    const snapshot = first.snapshot();
    const second = new SGD(params.slice(1), { lr: 1 });
    expect(() => first.withAveragedWeights(() => 1)).toThrow("SGD: parameter 1 [] now belongs to another optimizer".replace("[]", "[1]"));
    expect(() => snapshot.restore()).toThrow("now belongs to another optimizer");
    expect(() => first.snapshot()).toThrow("now belongs to another optimizer");
    giveGradient(params[1]!, [1]);
    second.step();
    expect(await valuesOf(params)).toEqual([[1], [1]]);
    snapshot.dispose();
  });

  it("an optimizer disposed while averaged weights show leaves the parameters", async () => {
    const device = await testDevice();
    const live = device.memory().liveBytes;
    const param = leaf(device, [1]);
    const optimizer = new SGD([param], { lr: 1, emaDecay: 0.5 });
    giveGradient(param, [1]);
    optimizer.step();
    expect(optimizer.withAveragedWeights(() => (optimizer.dispose(), 3))).toBe(3);
    expect(await valuesOf([param])).toEqual([[0]]);
    param.dispose();
    expect(device.memory().liveBytes).toBe(live);
  });

  it("an optimizer made while averaged weights show keeps what it took", async () => {
    const device = await testDevice();
    const param = leaf(device, [1]);
    const optimizer = new SGD([param], { lr: 1, emaDecay: 0.5 });
    giveGradient(param, [1]);
    optimizer.step();
    const second = optimizer.withAveragedWeights(() => new SGD([param], { lr: 1 }));
    giveGradient(param, [1]);
    second.step();
    expect(await valuesOf([param])).toEqual([[-0.5]]);
  });

  it("a read that arrives after dispose() writes nothing", async () => {
    const device = await testDevice();
    const params = Array.from({ length: 511 }, () => leaf(device, [0]));
    const optimizer = new SGD(params.map((param) => ({ params: [param] })));
    giveGradient(params[0]!, [NaN]);
    for (let i = 0; i < 12; i++) optimizer.step();
    const pending = optimizer.stats();
    optimizer.dispose();
    const others = Array.from({ length: 6 }, () => fromArray(device, new Float32Array(576).fill(7)));
    await expect(pending).rejects.toThrow("found no learning rate");
    for (const other of others) expect((await other.data()).every((x) => x === 7)).toBe(true);
  });
});

describe("options that need memory", () => {
  it("cannot be switched on later: they would be ignored", async () => {
    const device = await testDevice();
    const plain = new SGD([leaf(device, [1])], { lr: 1 });
    expect(() => plain.paramGroups[0]!.update({ momentum: 0.9 })).toThrow(UsageError);
    expect(plain.paramGroups[0]!.options.momentum).toBe(0);
    const adam = new Adam([leaf(device, [1])]);
    expect(() => adam.paramGroups[0]!.update({ amsgrad: true })).toThrow(UsageError);
    const state = await adam.stateDict();
    expect(() => adam.loadStateDict({ ...state, groups: [{ ...state.groups[0]!, amsgrad: true }] })).toThrow(CheckpointError);
    const withBuffer = new SGD([{ params: [leaf(device, [1])], momentum: 0.9 }, { params: [leaf(device, [1])] }]);
    withBuffer.paramGroups[1]!.update({ momentum: 0.5 });
    withBuffer.paramGroups[0]!.update({ momentum: 0 });
  });
});

describe("a rate set by hand at every step", () => {
  it("has the host read the counter, so that a change rewrites tens of rows and not a thousand", async () => {
    const device = await testDevice();
    const param = leaf(device, [0]);
    const optimizer = new SGD([param]);
    giveGradient(param, [1]);
    const bytes: number[] = [];
    const write = device.queue.write.bind(device.queue);
    device.queue.write = (target, data, offset, size_bytes = data.byteLength) => {
      if (data.byteLength > 60000) bytes.push(size_bytes);
      write(target, data, offset, size_bytes);
    };
    try {
      for (let i = 0; i < 300; i++) {
        optimizer.paramGroups[0]!.lr = 1 / (i + 1);
        optimizer.step();
        if (i % 10 === 0) await device.sync();
      }
    } finally {
      device.queue.write = write;
    }
    expect(bytes.length).toBe(300);
    expect(Math.max(...bytes)).toBeLessThan(3 * 16 * 100);
    expect((await optimizer.history()).map(({ lr }) => lr[0])).toEqual(Array.from({ length: 300 }, (_, i) => Math.fround(1 / (i + 1))));
  });
});

describe("scalars", () => {
  it("a schedule that leaves its range within the next steps changes nothing", async () => {
    const device = await testDevice();
    const param = leaf(device, [1]);
    const optimizer = new SGD([param], { lr: 1 });
    const p = optimizer.scalar("p", 0.25, { max: 1 });
    const bad = linear({ from: 0, to: 2, steps: 10 });
    expect(() => optimizer.scalar("p", bad)).toThrow('scalar at step 6: "p" must be');
    expect(() => optimizer.scalar("q", bad, { max: 1 })).toThrow('scalar at step 6: "q" must be');
    giveGradient(param, [1]);
    optimizer.step();
    expect(await p.item()).toBe(0.25);
    expect(Object.keys((await optimizer.stateDict()).scalars!)).toEqual(["p"]);
  });

  it("are checked at the steps that are coming, not at those that are gone", async () => {
    const device = await testDevice();
    const param = leaf(device, [1]);
    const optimizer = new SGD([param], { lr: 1 });
    giveGradient(param, [1]);
    for (let i = 0; i < 5; i++) optimizer.step();
    await optimizer.stats();
    const tensor = optimizer.scalar("late", lambda((t: number) => (t < 5 ? -1 : t)), { min: 0 });
    expect(await tensor.item()).toBe(5);
  });

  it("seventy, added between queued steps, hold the coming step's values", async () => {
    const device = await testDevice();
    const live = device.memory().liveBytes;
    const param = leaf(device, [1]);
    const optimizer = new SGD([param], { lr: 1e-3 });
    const tensors: Tensor[] = [];
    giveGradient(param, [1]);
    for (let i = 0; i < 70; i++) {
      tensors.push(optimizer.scalar(`s${i}`, linear({ from: i, to: -i, steps: 200 })));
      optimizer.step();
    }
    const at = (i: number, t: number) => Math.fround(linear({ from: i, to: -i, steps: 200 }).at(t));
    expect((await valuesOf(tensors)).flat()).toEqual(tensors.map((_, i) => at(i, 70)));
    giveGradient(param, [NaN]);
    optimizer.step();
    expect((await valuesOf(tensors)).flat()).toEqual(tensors.map((_, i) => at(i, 70)));
    optimizer.dispose();
    expect(() => optimizer.scalar("s0", 1)).toThrow(DisposedError);
    param.dispose();
    expect(device.memory().liveBytes).toBe(live);
  });
});

describe("loading", () => {
  it("a state whose schedules leave their range at the next steps is refused whole", async () => {
    const device = await testDevice();
    const optimizer = new SGD([leaf(device, [1])], { lr: 1 });
    optimizer.scalar("p", 0.5, { max: 1 });
    const state = await optimizer.stateDict();
    const bad = (change: Partial<OptimizerState>) => () => optimizer.loadStateDict({ ...state, ...change });
    const rising = linear({ from: 0, to: 2, steps: 10 }).toJSON();
    const falling = linear({ from: 1, to: -2, steps: 10 }).toJSON();
    expect(bad({ scalars: { p: rising } })).toThrow(CheckpointError);
    expect(bad({ groups: [{ ...state.groups[0]!, lr: falling }] })).toThrow(CheckpointError);
    expect(bad({ clipNorm: falling })).toThrow(CheckpointError);
    expect(await optimizer.stateDict()).toEqual(state);
  });
});

describe("clipping", () => {
  it.each(["clipNorm", "clipValue"])("by a %s that f32 cannot hold does not switch it off", async (name) => {
    const device = await testDevice();
    const param = leaf(device, [0]);
    const optimizer = new SGD([param], { lr: 1, [name]: 1e-60 });
    giveGradient(param, [1]);
    optimizer.step();
    expect(Math.abs((await param.data())[0]!)).toBeLessThan(1e-30);
    expect((await optimizer.stats()).clipped).toBe(1);
  });
});

describe("averaged weights", () => {
  it("changed by a step are noticed by a backward through older ones", async () => {
    const device = await testDevice();
    const param = leaf(device, [1, 2]);
    const optimizer = new SGD([param], { lr: 1, emaDecay: 0.5 });
    const loss = optimizer.withAveragedWeights(() => sum(mul(param, param)));
    giveGradient(param, [1, 1]);
    optimizer.step();
    expect(() => backward(loss)).toThrow("changed in place");
  });

  it("let stats() and history() be read while they show", async () => {
    const device = await testDevice();
    const param = leaf(device, [1]);
    const optimizer = new SGD([param], { lr: 1, emaDecay: 0.5 });
    giveGradient(param, [1]);
    optimizer.step();
    const shown = optimizer.withAveragedWeights(async () => [await optimizer.stats(), await optimizer.history(), await param.item()] as const);
    expect(() => optimizer.step()).toThrow("show their averaged weights");
    expect(await shown).toMatchObject([{ step: 1 }, [{ step: 0 }], 0.5]);
    optimizer.step();
  });

  it("start from the parameters at the first step, not from those at construction", async () => {
    const device = await testDevice();
    const param = leaf(device, [100]);
    const optimizer = new SGD([param], { lr: 1, emaDecay: 0.5 });
    param.set([4]);
    expect(await optimizer.withAveragedWeights(() => param.item())).toBe(4);
    param.set([8]);
    giveGradient(param, [2]);
    optimizer.step();
    expect(await optimizer.withAveragedWeights(() => param.item())).toBe(7);
  });
});

describe("a checkpoint's averaged weights", () => {
  it("of another model are refused", async () => {
    const model = new GPT(await testDevice(), { layers: 1, heads: 1, width: 4, block: 4, vocab: 4, seed: 1 });
    const checkpoint = (ema: Float32Array[]) => ({ optimizer: { moments: { ema } } }) as never;
    const sizes = model.groups({ weightDecay: 0 }).flatMap(({ params }) => params.map((param) => param.size));
    const arrays = sizes.map((size) => new Float32Array(size).fill(2));
    expect(() => useAveragedWeights(model, checkpoint([]))).toThrow(CheckpointError);
    expect(() => useAveragedWeights(model, checkpoint([...arrays.slice(1), new Float32Array(3)]))).toThrow("belong to another model");
    expect(useAveragedWeights(model, checkpoint(arrays))).toBe(true);
    for (const values of await valuesOf(model.parameters())) expect(values.every((x) => x === 2)).toBe(true);
  });
});

describe("the kernels for GPUs", () => {
  it("do what those for software adapters do, also past 256 blocks", async () => {
    const device = await testDevice();
    const extents = [1, 300 * 256 + 5, 0, 1000, 256];
    const run = async () => {
      const params = extents.map((size, i) => leaf(device, drawn(i, size)));
      const optimizer = new AdamW([{ params: params.slice(0, 3) }, { params: params.slice(3), lr: 1e-3 }], { lr: linear({ from: 0.1, to: 0, steps: 9 }), clipNorm: 100, emaDecay: 0.9 });
      const scalars = Array.from({ length: 70 }, (_, i) => optimizer.scalar(`s${i}`, linear({ from: i, to: 0, steps: 9 })));
      for (let t = 0; t < 6; t++) {
        params.forEach((param, i) => giveGradient(param, t === 3 && i === 1 ? new Float32Array(param.size).fill(Infinity) : drawn(10 * t + i, param.size)));
        optimizer.step({ accumulated: 1 + (t % 2) });
      }
      const averages = await optimizer.withAveragedWeights(() => valuesOf(params));
      const { gradNorm, clipScale, ...counts } = await optimizer.stats();
      return { floats: [...(await valuesOf(params)).flat(), ...averages.flat()], norms: [gradNorm, clipScale], counts, scalars: await valuesOf(scalars) };
    };
    const adapter = device.adapter as { class: string };
    const own = adapter.class;
    const software = await run();
    adapter.class = "gpu-basic";
    try {
      const gpu = await run();
      expect({ counts: gpu.counts, scalars: gpu.scalars }).toEqual({ counts: software.counts, scalars: software.scalars });
      expect(gpu.counts).toMatchObject({ step: 5, skipped: 1 });
      for (const name of ["floats", "norms"] as const) {
        const result = compare(gpu[name], software[name], "optimizer");
        expect(result.worst, `${name}: ${result.message}`).toBeLessThanOrEqual(1);
      }
    } finally {
      adapter.class = own;
    }
  });
});

describe("bias correction", () => {
  it("is -expm1(steps * ln beta) from 1e-8 to full, for counts up to 2^32", async () => {
    const device = await testDevice();
    const betas = [0, 1e-30, 0.1, 0.13, 0.14, 0.36, 0.37, 0.5, 0.9, 0.999, 1 - 1e-6, 1 - 1e-8];
    const counts = [1, 2, 3, 10, 100, 1000, 2 ** 24 - 1, 2 ** 24, 2 ** 24 + 1, 2 ** 31, 2 ** 32 - 1];
    const params = betas.map(() => counts.map(() => leaf(device, [0])));
    const optimizer = new Adam(betas.map((beta, i) => ({ params: params[i]!, betas: [0, beta] as const })), { lr: 1, eps: 0 });
    const state = await optimizer.stateDict();
    // With m = g = 1 and v = 1, which stays as it is, p = -sqrt(correction).
    const v = params.flat().map(() => Float32Array.of(1));
    optimizer.loadStateDict({ ...state, parameterSteps: betas.flatMap(() => counts.map((count) => count - 1)), moments: { ...state.moments, v } });
    for (const param of params.flat()) giveGradient(param, [1]);
    optimizer.step();
    const got = (await valuesOf(params.flat())).flat().map((p) => p * p);
    const want = betas.flatMap((beta) => counts.map((count) => (beta === 0 ? 1 : -Math.expm1(count * Math.log(beta)))));
    got.forEach((value, i) => expect(Math.abs(value / want[i]! - 1), `beta ${betas[Math.floor(i / counts.length)]}, step ${counts[i % counts.length]}`).toBeLessThan(1e-6));
  });
});
