// Dropout's rate and BatchNorm's momentum as tensors: the same bits as the numbers, and nothing new when they change.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AdapterClass } from "../../src/gpu/adapter.js";
import type { Device } from "../../src/gpu/device.js";
import * as nn from "../../src/nn/index.js";
import { openDevice } from "../../src/node/open_device.js";
import { qkvAttention, scaledDotProductAttention } from "../../src/ops/attention.js";
import { batchNorm } from "../../src/ops/batch_norm.js";
import { fromArray, full, ones, randn, zeros } from "../../src/ops/creation.js";
import { dropout } from "../../src/ops/dropout.js";
import { Generator, pcg4d, streams } from "../../src/tensor/random.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { noGrad } from "../../src/tensor/tape.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { hostKeeps } from "../cases/dropout.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";
import { bits, bothWays, made, type Scalar } from "../support/scalars.js";
import { compare } from "../support/tolerances.js";

const rates = [0, 0.1, 0.5, 0.9, 1];

describe("dropout with a rate on the GPU", () => {
  const run = (device: Device, size: number, offset = 0) => async (p: Scalar): Promise<number[]> => {
    const generator = new Generator(5);
    generator.loadStateDict({ seed: 5, offset });
    using x = randn(device, [size], { seed: 1, requiresGrad: true });
    using dy = randn(device, [size], { seed: 2 });
    using y = dropout(x, { p, generator });
    backward(y, { gradient: dy });
    return [...(await bits(y, x.grad!)), generator.stateDict().offset];
  };

  it.each(rates)("%f: the bits of the number, forward and backward, and as many draws", (p) =>
    withoutLeak(async (device) => {
      for (const size of [1, 7, 64, 10_007]) {
        const [number, tensor] = await bothWays(device, p, run(device, size), size === 7 ? [1, 1] : []);
        expect(tensor).toEqual(number);
      }
    }));

  it("drops nothing at 0, and everything at 1, NaN and infinity too", () =>
    withoutLeak(async (device) => {
      const values = [1, NaN, Infinity, -0, -3, 1e-30, 3e38];
      using x = fromArray(device, values);
      using none = zeros(device, []);
      using all = ones(device, []);
      using same = dropout(x, { p: none, generator: new Generator(1) });
      using gone = dropout(x, { p: all, generator: new Generator(1) });
      expect(await bits(same)).toEqual(await bits(x));
      expect([...(await gone.data())]).toEqual(values.map(() => 0));
    }));

  it("clamps what the tensor holds to [0, 1], and passes its NaN on", () =>
    withoutLeak(async (device) => {
      using x = fromArray(device, [1, 2, 3, 4, 5]);
      using p = zeros(device, []);
      const values = async (rate: number): Promise<number[]> => {
        p.set([rate]);
        using y = dropout(x, { p, generator: new Generator(1) });
        return [...(await y.data())];
      };
      for (const low of [-1, -1e-30, -Infinity]) expect(await values(low)).toEqual([1, 2, 3, 4, 5]);
      for (const high of [1.5, 7e9, Infinity]) expect(await values(high)).toEqual([0, 0, 0, 0, 0]);
      expect(await values(NaN)).toEqual([NaN, NaN, NaN, NaN, NaN]);
    }));

  it("drops the element of the highest word at 1, and at 1 only", () =>
    withoutLeak(async (device) => {
      const key = { seed: 11, offset: 612114 };
      const element = 533;
      expect(pcg4d(Math.floor(element / 4), streams.dropout, key.offset, key.seed)[element % 4]).toBe(2 ** 32 - 1);
      using x = full(device, [1024], NaN);
      for (const p of [1 - 2 ** -24, 1]) {
        const run = async (rate: Scalar): Promise<number> => {
          const generator = new Generator();
          generator.loadStateDict(key);
          using y = dropout(x, { p: rate, generator });
          return (await y.data())[element]!;
        };
        using held = full(device, [], p);
        const want = p === 1 ? 0 : NaN;
        expect([await run(p), await run(held)]).toEqual([want, want]);
      }
    }));

  it("keeps a share of 1 - p at p = 0.1, in the host's mask", () =>
    withoutLeak(async (device) => {
      const size = 1_000_000;
      using x = ones(device, [size]);
      using p = full(device, [], 0.1);
      using y = dropout(x, { p, generator: new Generator(9) });
      const values = (await y.data()) as Float32Array;
      const kept = values.reduce((total, value) => total + (value === 0 ? 0 : 1), 0);
      expect(Math.abs(kept - size * 0.9) / Math.sqrt(size * 0.09)).toBeLessThan(4);
      const wrong = values.findIndex((value, i) => (value !== 0) !== hostKeeps(i, 0.1, { seed: 9, offset: 0 }));
      expect(wrong).toBe(-1);
    }));

  it("draws masks that are uncorrelated from call to call, one draw each, also at 0 and 1", () =>
    withoutLeak(async (device) => {
      const size = 200_000;
      const generator = new Generator(3);
      using x = ones(device, [size]);
      using p = full(device, [], 0.5);
      const mask = async (): Promise<Int8Array> => {
        using y = dropout(x, { p, generator });
        return Int8Array.from(await y.data(), (value) => (value === 0 ? -1 : 1));
      };
      const first = await mask();
      for (const between of [0, 1]) {
        p.set([between]);
        await mask();
      }
      p.set([0.5]);
      expect(generator.stateDict().offset).toBe(3);
      const second = await mask();
      expect(Math.abs(first.reduce((total, value, i) => total + value * second[i]!, 0)) / Math.sqrt(size)).toBeLessThan(5);
      // A number in between draws as well: the same mask follows.
      const numbers = new Generator(3);
      for (const number of [0.5, 0, 1]) dropout(x, { p: number, generator: numbers }).dispose();
      using third = dropout(x, { p: 0.5, generator: numbers });
      expect(Int8Array.from(await third.data(), (value) => (value === 0 ? -1 : 1))).toEqual(second);
    }));

  it("reads the tensor anew at each forward, with no new pipeline or buffer", () =>
    withoutLeak(async (device) => {
      using x = randn(device, [1000], { seed: 1, requiresGrad: true });
      using dy = ones(device, [1000]);
      using p = full(device, [], 0.25);
      const generator = new Generator(4);
      const step = (): void => scope(() => backward(dropout(x, { p, generator }), { gradient: dy }));
      const shares: number[] = [];
      step();
      step();
      const before = made(device);
      for (const rate of [0.9, 0, 0.4]) {
        p.set([rate]);
        x.grad!.set(new Float32Array(1000));
        step();
        const gradient = await x.grad!.data();
        shares.push(gradient.filter((value) => value === 0).length / 1000);
      }
      expect(made(device)).toEqual(before);
      expect(shares[0]).toBeGreaterThan(0.85);
      expect(shares[1]).toBe(0);
      expect(Math.abs(shares[2]! - 0.4)).toBeLessThan(0.08);
      x.grad!.dispose();
      x.grad = null;
    }));

  it("is the same in backward after the caller disposed the tensor, and refused after it was changed", () =>
    withoutLeak(async (device) => {
      using x = ones(device, [500], { requiresGrad: true });
      using dy = ones(device, [500]);
      const p = full(device, [], 0.3);
      using y = dropout(x, { p, generator: new Generator(4) });
      p.dispose();
      backward(y, { gradient: dy });
      expect(await bits(x.grad!)).toEqual(await bits(y));
      using other = full(device, [], 0.3);
      using z = dropout(x, { p: other, generator: new Generator(4) });
      other.set([0.4]);
      expect(() => backward(z, { gradient: dy })).toThrow("backward: a tensor that dropout saved was changed in place; change it after backward");
    }));
});

for (const adapterClass of ["cpu", "gpu-basic"] as const) {
  describe(`attention dropout with a rate on the GPU, kernels for ${adapterClass}`, () => {
    let own: AdapterClass;
    const adapter = async () => (await testDevice()).adapter as { class: AdapterClass };
    beforeAll(async () => {
      own = (await adapter()).class;
      (await adapter()).class = adapterClass;
    });
    afterAll(async () => void ((await adapter()).class = own));

    it.each(rates)("%f: the bits of the number, forward and backward", (rate) =>
      withoutLeak(async (device) => {
        using mask = fromArray(device, Array.from({ length: 81 }, (_, i) => (i % 4 === 1 ? 0 : 1)), { shape: [9, 9], dtype: "u32" });
        const separate = async (p: Scalar): Promise<number[]> => {
          const generator = new Generator(7);
          using q = randn(device, [2, 2, 9, 8], { seed: 1, requiresGrad: true });
          using k = randn(device, [2, 1, 9, 8], { seed: 2, requiresGrad: true });
          using dy = randn(device, [2, 2, 9, 8], { seed: 3 });
          using y = scaledDotProductAttention(q, k, k, { causal: true, mask, dropout: { p, generator } });
          backward(y, { gradient: dy });
          return [...(await bits(y, q.grad!, k.grad!)), generator.stateDict().offset];
        };
        const together = async (p: Scalar): Promise<number[]> => {
          using qkv = randn(device, [2, 19, 48], { seed: 1, requiresGrad: true });
          using dy = randn(device, [2, 19, 16], { seed: 3 });
          using y = qkvAttention(qkv, { heads: 2, causal: true, dropout: { p, generator: new Generator(7) } });
          backward(y, { gradient: dy });
          return await bits(y, qkv.grad!);
        };
        for (const run of [separate, together]) {
          const [number, tensor] = await bothWays(device, rate, run);
          expect(tensor).toEqual(number);
        }
        if (rate === 1) expect((await together(1)).map((word) => word & 0x7fffffff).every((word) => word === 0)).toBe(true);
      }));

    it("reads the tensor anew at each forward, with no new pipeline or buffer, and refuses backward after a change", () =>
      withoutLeak(async (device) => {
        using p = full(device, [], 0.5);
        using qkv = randn(device, [2, 12, 48], { seed: 1, requiresGrad: true });
        using dy = randn(device, [2, 12, 16], { seed: 3 });
        using eye = ones(device, [2, 12, 48]);
        const options = () => ({ heads: 2, dropout: { p, generator: new Generator(7) } });
        const step = (): void => scope(() => backward(qkvAttention(qkv, options()), { gradient: dy }));
        step();
        step();
        const before = made(device);
        const means: number[] = [];
        for (const rate of [0.2, 1, 0]) {
          p.set([rate]);
          step();
          // All weights are alike here: an output is the share that was kept, over 1 - p.
          using y = noGrad(() => qkvAttention(eye, options()));
          const values = (await y.data()) as Float32Array;
          means.push(values.reduce((total, value) => total + value, 0) / values.length);
        }
        expect(made(device)).toEqual(before);
        expect(Math.abs(means[0]! - 1)).toBeLessThan(0.1);
        expect(means[1]).toBe(0);
        expect(compare([means[2]!], [1], "reduction").worst).toBeLessThanOrEqual(1);
        using z = qkvAttention(qkv, options());
        p.set([0.1]);
        expect(() => backward(z, { gradient: dy })).toThrow("backward: a tensor that qkvAttention saved was changed in place");
        qkv.grad!.dispose();
        qkv.grad = null;
      }));
  });
}

describe("BatchNorm with a momentum on the GPU", () => {
  it.each([[[6, 3]], [[5, 8]], [[4, 3, 5]], [[2, 5, 4, 2]]])("of %j: the bits of the number", (shape) =>
    withoutLeak(async (device) => {
      const channels = shape[1]!;
      for (const momentum of [0, 0.1, 1 / 3, 1]) {
        const run = async (share: Scalar): Promise<number[]> => {
          using x = randn(device, shape, { seed: 1, requiresGrad: true });
          using dy = randn(device, shape, { seed: 2 });
          using runningMean = randn(device, [channels], { seed: 3 });
          using runningVar = ones(device, [channels]);
          using y = batchNorm(x, { runningMean, runningVar, training: true, momentum: share });
          backward(y, { gradient: dy });
          return await bits(y, x.grad!, runningMean, runningVar);
        };
        const [number, tensor] = await bothWays(device, momentum, run);
        expect(tensor).toEqual(number);
      }
    }));

  it("follows the tensor from step to step, clamped to [0, 1], with no new pipeline or buffer", () =>
    withoutLeak(async (device) => {
      using x = fromArray(device, [1, 10, 3, 30, 5, 20], { shape: [3, 2] });
      const layer = new nn.BatchNorm1d(device, 2);
      using momentum = full(device, [], 0.5);
      layer.momentum = momentum;
      layer.forward(x).dispose();
      await layer.runningMean.data();
      const before = made(device);
      const want = { mean: [1.5, 10], variance: [2.5, 50.5] };
      for (const share of [0.25, 0, 0.1, -2, 1]) {
        momentum.set([share]);
        layer.forward(x).dispose();
        const m = Math.min(Math.max(share, 0), 1);
        want.mean = want.mean.map((value, c) => (1 - m) * value + m * [3, 20][c]!);
        want.variance = want.variance.map((value, c) => (1 - m) * value + m * [4, 100][c]!);
        for (const [got, wanted] of [[layer.runningMean, want.mean], [layer.runningVar, want.variance]] as const) {
          const { worst, message } = compare(await got.data(), wanted, "reduction");
          expect(worst, message).toBeLessThanOrEqual(1);
        }
      }
      expect(made(device)).toEqual(before);
      momentum.set([NaN]);
      layer.forward(x).dispose();
      expect([...(await layer.runningMean.data())]).toEqual([NaN, NaN]);
      layer.dispose();
    }));

  it("may change between forward and backward: backward does not read it", () =>
    withoutLeak(async (device) => {
      using x = randn(device, [4, 3], { seed: 1, requiresGrad: true });
      using runningMean = zeros(device, [3]);
      using runningVar = ones(device, [3]);
      using momentum = full(device, [], 0.1);
      using y = batchNorm(x, { runningMean, runningVar, training: true, momentum });
      momentum.set([0.2]);
      using dy = ones(device, [4, 3]);
      backward(y, { gradient: dy });
      expect(x.grad).not.toBeNull();
    }));
});

describe("bad tensors are refused before anything is launched or drawn", () => {
  it("by type, shape, gradient, device and lifetime", async () => {
    const device = await testDevice();
    const other = await openDevice();
    const generator = new Generator(1);
    const gone = zeros(device, []);
    gone.dispose();
    using x = randn(device, [4, 3], { seed: 1 });
    using q = randn(device, [2, 4, 3], { seed: 1 });
    using runningMean = zeros(device, [3]);
    using runningVar = ones(device, [3]);
    using integer = zeros(device, [], { dtype: "u32" });
    using pair = zeros(device, [2]);
    using trained = zeros(device, [], { requiresGrad: true });
    using foreign = zeros(other, []);
    using one = randn(device, [4, 1], { seed: 1 });
    using oneMean = zeros(device, [1]);
    using oneVar = ones(device, [1]);
    const ops: [string, string, (value: Tensor) => unknown][] = [
      ["dropout", "p", (p) => dropout(x, { p, generator })],
      ["scaledDotProductAttention: dropout", "p", (p) => scaledDotProductAttention(q, q, q, { dropout: { p, generator } })],
      ["batchNorm", "momentum", (momentum) => batchNorm(x, { runningMean, runningVar, training: true, momentum })],
    ];
    const before = device.queue.counts.dispatches;
    for (const [where, name, run] of ops) {
      expect(() => run(integer)).toThrow(`${where}: ${name} must be f32, got u32; convert it with cast()`);
      expect(() => run(pair)).toThrow(`${where}: ${name} must be a number or a tensor of one element, got [2]`);
      expect(() => run(trained)).toThrow(`${where}: no gradient is computed for ${name}; pass ${name}.detach()`);
      expect(() => run(foreign)).toThrow(`${where}: ${name} lives on another device; make it there with full()`);
      expect(() => run(gone)).toThrow(`${where}: ${name} f32[] is used after dispose()`);
      expect(() => run("0.1" as never)).toThrow(`${where}: ${name} must be a finite number >= 0 and <= 1, got "0.1"`);
    }
    expect(() => batchNorm(one, { runningMean: oneMean, runningVar: oneVar, training: true, momentum: oneMean })).toThrow(
      "batchNorm: momentum shares memory with the running statistics",
    );
    expect(device.queue.counts.dispatches).toBe(before);
    expect(generator.stateDict().offset).toBe(0);
    foreign.dispose();
    other.close();
  });
});
