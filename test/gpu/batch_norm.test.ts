import { describe, expect, it } from "vitest";
import type { Slice } from "../../src/gpu/buffers.js";
import { batchNormBackward, batchNormForward, batchNormForwardRunning } from "../../src/kernels/batch_norm.js";
import { batchNorm } from "../../src/ops/batch_norm.js";
import { fromArray, ones, zeros } from "../../src/ops/creation.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { empty, type Tensor } from "../../src/tensor/tensor.js";
import { batchNormCases, batchNormReference, batchNormShapes, channelStatistics } from "../cases/batch_norm.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";
import { eachIndex, nd, testRandom, type Nd } from "../support/nd.js";
import { testCases } from "../support/op_cases.js";
import { compare, type ToleranceClass } from "../support/tolerances.js";

testCases("batchNorm", batchNormCases);

function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, kind: ToleranceClass): void {
  const result = compare(got, want, kind);
  expect(result.worst, result.message).toBeLessThanOrEqual(1);
}

function draw(shape: readonly number[], seed: number, offset = 0): Nd {
  const random = testRandom(seed);
  return nd(shape, () => Math.fround(offset + random.normal()));
}

describe("batchNorm running statistics", () => {
  it.each([[[6, 3]], [[5, 8]], [[4, 3, 5]], [[2, 5, 4, 2]]])("of %j follow two batches, with the unbiased variance", (shape) =>
    withoutLeak(async (device) => {
      const channels = shape[1]!;
      using runningMean = zeros(device, [channels]);
      using runningVar = ones(device, [channels]);
      const [mean, variance] = [new Float64Array(channels), new Float64Array(channels).fill(1)];
      for (const [seed, momentum] of [[1, 0.1], [2, 0.75]] as const) {
        const values = draw(shape, seed, 3);
        using x = fromArray(device, values.data, { shape });
        batchNorm(x, { runningMean, runningVar, training: true, momentum }).dispose();
        const batch = channelStatistics(values);
        for (let c = 0; c < channels; c++) {
          mean[c] = (1 - momentum) * mean[c]! + momentum * batch.mean[c]!;
          variance[c] = (1 - momentum) * variance[c]! + (momentum * batch.variance[c]! * batch.count) / (batch.count - 1);
        }
      }
      expectClose(await runningMean.data(), mean, "reduction");
      expectClose(await runningVar.data(), variance, "reduction");
    }));

  it("are left alone in eval mode, and the tape notices the change in training", async () => {
    const device = await testDevice();
    using x = fromArray(device, draw([4, 3], 3).data, { shape: [4, 3] });
    using runningMean = fromArray(device, [1, 2, 3]);
    using runningVar = fromArray(device, [4, 5, 6]);
    const version = runningMean.memory.version;
    batchNorm(x, { runningMean, runningVar }).dispose();
    expect([...(await runningMean.data()), ...(await runningVar.data())]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(runningMean.memory.version).toBe(version);
    batchNorm(x, { runningMean, runningVar, training: true }).dispose();
    expect(runningMean.memory.version).toBe(version + 1);
    expect(runningVar.memory.version).toBeGreaterThan(0);
  });

  it("may change between forward and backward in eval mode", async () => {
    const device = await testDevice();
    const gradient = async (change: boolean) => {
      using x = fromArray(device, draw([4, 3], 4).data, { shape: [4, 3], requiresGrad: true });
      using runningMean = fromArray(device, [1, 2, 3]);
      using runningVar = fromArray(device, [4, 5, 6]);
      using y = batchNorm(x, { runningMean, runningVar });
      if (change) runningVar.set([1, 1, 1]);
      using dy = fromArray(device, draw([4, 3], 5).data, { shape: [4, 3] });
      backward(y, { gradient: dy });
      return [...(await x.grad!.data())];
    };
    expect(await gradient(true)).toEqual(await gradient(false));
  });
});

describe("batchNorm kernels, however the work is cut", () => {
  const cuts = [
    { chunks: 1, sharers: 1, parts: 1 },
    { chunks: 2, sharers: 1, parts: 5 },
    { chunks: 7, sharers: 1, parts: 3 },
    // As GPUs do it.
    { chunks: 1, sharers: 16, parts: 8 },
    { chunks: 3, sharers: 4, parts: 2 },
  ];
  it.each(batchNormShapes.flatMap((shape) => cuts.map((cut) => ({ shape, cut }))))("$shape, $cut", ({ shape, cut }) =>
    withoutLeak(async (device) => {
      const values = draw(shape, 6, 100);
      const cotangent = draw(shape, 7);
      const [batch, channels, ...rest] = shape as [number, number, ...number[]];
      const sizes = { batch, channels, length: rest.reduce((a, b) => a * b, 1) };
      const size = sizes.batch * sizes.length;
      // No invocation may be without elements, in fours neither.
      const total = sizes.length % 4 === 0 ? size / 4 : size;
      const chunks = Math.min(cut.chunks, total);
      const used = { chunks, sharers: chunks * cut.sharers <= total ? cut.sharers : 1, parts: Math.min(cut.parts, total) };
      const [weights, biases] = [draw([channels], 8), draw([channels], 9)];
      using x = fromArray(device, values.data, { shape });
      using dy = fromArray(device, cotangent.data, { shape });
      using weight = fromArray(device, weights.data);
      using bias = fromArray(device, biases.data);
      using stats = empty(device, [3, channels]);
      using mean = zeros(device, [channels]);
      using variance = ones(device, [channels]);
      using y = empty(device, shape);
      using dx = empty(device, shape);
      using dw = empty(device, [channels]);
      using db = empty(device, [channels]);
      const affine = { x: x.buffer, w: weight.buffer, b: bias.buffer, y: y.buffer, stats: stats.buffer };
      const running = { mean: mean.buffer, variance: variance.buffer };
      const backward = async (batch: boolean, outputs: { dx: Slice | null; dw: Slice | null; db: Slice | null }, want: ReturnType<typeof gradients>) => {
        batchNormBackward(device, { x: x.buffer, dy: dy.buffer, stats: stats.buffer, w: weight.buffer, ...outputs }, sizes, { batch }, used);
        if (outputs.dx) expectClose(await dx.data(), want.dx, "gradient");
        if (outputs.dw) expectClose(await dw.data(), want.dw, "gradient");
        if (outputs.db) expectClose(await db.data(), want.db, "gradient");
      };
      const all = { dx: dx.buffer, dw: dw.buffer, db: db.buffer };
      const statistics = channelStatistics(values);

      batchNormForward(device, { ...affine, running }, sizes, { eps: 1e-5, momentum: 1 }, used);
      const got = await stats.data();
      expectClose(statistics.mean.map((_, c) => got[c]! + got[channels + c]!), statistics.mean, "arithmetic");
      expectClose(got.slice(2 * channels), statistics.variance.map((value) => 1 / Math.sqrt(value + 1e-5)), "reduction");
      expectClose(await mean.data(), statistics.mean, "arithmetic");
      expectClose(await variance.data(), statistics.variance.map((value) => (value * size) / (size - 1)), "reduction");
      expectClose(await y.data(), batchNormReference(values, statistics, weights, biases).data, "reduction");
      const want = gradients(values, cotangent, statistics, weights, true);
      await backward(true, all, want);
      await backward(true, { dx: dx.buffer, dw: null, db: null }, want);
      await backward(true, { dx: null, dw: dw.buffer, db: null }, want);

      const other = { mean: statistics.mean.map((value) => Math.fround(value + 1)), variance: statistics.mean.map((_, c) => 1 + c), count: 0 };
      mean.set(other.mean);
      variance.set(other.variance);
      batchNormForwardRunning(device, { ...affine, running }, sizes, { eps: 1e-5 }, used);
      expectClose(await y.data(), batchNormReference(values, other, weights, biases).data, "reduction");
      const wantRunning = gradients(values, cotangent, other, weights, false);
      await backward(false, all, wantRunning);
      await backward(false, { dx: dx.buffer, dw: null, db: null }, wantRunning);
      await backward(false, { dx: null, dw: null, db: db.buffer }, wantRunning);
    }));
});

/** By the formula, in float64. `batch`: whether the statistics are x's own. */
function gradients(x: Nd, dy: Nd, { mean, variance }: { mean: number[]; variance: number[] }, weight: Nd, batch: boolean) {
  const channels = x.shape[1]!;
  const count = x.data.length / channels;
  const [dx, dw, db] = [nd(x.shape, () => 0), new Float64Array(channels), new Float64Array(channels)];
  const rstd = (c: number) => 1 / Math.sqrt(variance[c]! + 1e-5);
  eachIndex(x.shape, ([, c], at) => {
    dw[c!]! += dy.data[at]! * (x.data[at]! - mean[c!]!) * rstd(c!);
    db[c!]! += dy.data[at]!;
  });
  eachIndex(x.shape, ([, c], at) => {
    const xhat = (x.data[at]! - mean[c!]!) * rstd(c!);
    dx.data[at] = weight.data[c!]! * rstd(c!) * (dy.data[at]! - (batch ? (db[c!]! + xhat * dw[c!]!) / count : 0));
  });
  return { dx: dx.data, dw, db };
}

describe("batchNorm", () => {
  it("repeats bit for bit", async () => {
    const device = await testDevice();
    const shape = [300, 5, 9];
    const run = async () => {
      using x = fromArray(device, draw(shape, 8).data, { shape, requiresGrad: true });
      using weight = ones(device, [5], { requiresGrad: true });
      using dy = fromArray(device, draw(shape, 9).data, { shape });
      scope(() => backward(batchNorm(x, { weight, training: true }), { gradient: dy }));
      return [...(await x.grad!.data()), ...(await weight.grad!.data())];
    };
    expect(await run()).toEqual(await run());
  });

  it("takes two launches each way in training, one forward in eval mode", async () => {
    const device = await testDevice();
    using x = fromArray(device, draw([300, 8], 10).data, { shape: [300, 8], requiresGrad: true });
    using weight = ones(device, [8], { requiresGrad: true });
    using bias = zeros(device, [8], { requiresGrad: true });
    using runningMean = zeros(device, [8]);
    using runningVar = ones(device, [8]);
    using dy = ones(device, [300, 8]);
    const launches = (work: () => void) => {
      const before = device.queue.counts.dispatches;
      work();
      return device.queue.counts.dispatches - before;
    };
    scope(() => {
      let y: Tensor | undefined;
      expect(launches(() => (y = batchNorm(x, { weight, bias, runningMean, runningVar, training: true })))).toBe(2);
      expect(launches(() => backward(y!, { gradient: dy }))).toBe(2);
      expect(launches(() => batchNorm(x, { weight, bias, runningMean, runningVar }))).toBe(1);
    });
  });

  it("takes empty batches in eval mode", () =>
    withoutLeak(async (device) => {
      for (const shape of [[0, 3], [2, 4, 0], [2, 0, 5]]) {
        const channels = [shape[1]!];
        using x = zeros(device, shape, { requiresGrad: true });
        using weight = ones(device, channels, { requiresGrad: true });
        using runningMean = zeros(device, channels);
        using runningVar = ones(device, channels);
        scope(() => {
          const y = batchNorm(x, { weight, runningMean, runningVar });
          backward(y, { gradient: zeros(device, shape) });
        });
        expect([...(await weight.grad!.data())]).toEqual(new Array(channels[0]).fill(0));
        expect(x.grad!.shape).toEqual(shape);
      }
    }));

  it("refuses what it cannot take", async () => {
    const device = await testDevice();
    using x = zeros(device, [4, 3]);
    using three = ones(device, [3]);
    using other = ones(device, [3]);
    using trained = ones(device, [3], { requiresGrad: true });
    using two = ones(device, [2]);
    using counts = ones(device, [4, 3], { dtype: "i32" });
    using vector = zeros(device, [4]);
    using single = zeros(device, [1, 3]);
    const running = { runningMean: three, runningVar: other };
    expect(() => batchNorm(vector, { training: true })).toThrow("batchNorm: x must be [n, channels], [n, channels, length] or [n, channels, height, width], got [4]");
    expect(() => batchNorm(counts, { training: true })).toThrow("batchNorm: x must be f32 or f16, got i32");
    expect(() => batchNorm(x, { training: true, weight: two })).toThrow("batchNorm: weight must have one value a channel, [3], got [2]");
    expect(() => batchNorm(x, { ...running, runningVar: two })).toThrow("batchNorm: runningVar must have one value a channel");
    expect(() => batchNorm(single, { training: true })).toThrow("batchNorm: needs more than 1 value a channel in training, got x [1, 3]");
    expect(() => batchNorm(x)).toThrow("batchNorm: runningMean and runningVar must be given when training is false");
    expect(() => batchNorm(x, { runningMean: three })).toThrow("batchNorm: runningMean and runningVar go together, got runningMean alone");
    expect(() => batchNorm(x, { runningMean: three, runningVar: three })).toThrow("batchNorm: runningMean and runningVar share memory");
    expect(() => batchNorm(x, { ...running, weight: other, training: true })).toThrow("batchNorm: weight shares memory with the running statistics, which it would be read from");
    batchNorm(x, { ...running, weight: other }).dispose();
    expect(() => batchNorm(x, { runningMean: three, runningVar: trained })).toThrow("have no gradient; use detach()");
    expect(() => batchNorm(x, { ...running, momentum: 1.5 })).toThrow("batchNorm: momentum must be a finite number >= 0 and <= 1, got 1.5");
    expect(() => batchNorm(x, { ...running, eps: -1 })).toThrow("batchNorm: eps must be a finite number >= 0, got -1");
    expect(() => batchNorm(x, { ...running, epsilon: 1 } as never)).toThrow('batchNorm: unknown option "epsilon"');
  });
});
