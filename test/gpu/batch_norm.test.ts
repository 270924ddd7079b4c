import { describe, expect, it } from "vitest";
import { batchNormBackwardSums, batchNormStatistics } from "../../src/kernels/batch_norm.js";
import { batchNorm } from "../../src/ops/batch_norm.js";
import { fromArray, ones, zeros } from "../../src/ops/creation.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { empty } from "../../src/tensor/tensor.js";
import { batchNormCases, batchNormShapes, channelStatistics } from "../cases/batch_norm.js";
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

describe("batchNorm kernels, each number of chunks", () => {
  it.each(batchNormShapes.flatMap((shape) => [1, 2, 3, 7].map((chunks) => ({ shape, chunks }))))("$shape in $chunks chunks", ({ shape, chunks }) =>
    withoutLeak(async (device) => {
      const values = draw(shape, 6, 100);
      const cotangent = draw(shape, 7);
      const [batch, channels, ...rest] = shape as [number, number, ...number[]];
      const sizes = { batch, channels, length: rest.reduce((a, b) => a * b, 1) };
      const total = sizes.batch * sizes.length;
      // No chunk may be empty, in fours neither.
      const used = Math.min(chunks, sizes.length % 4 === 0 ? total / 4 : total);
      using x = fromArray(device, values.data, { shape });
      using dy = fromArray(device, cotangent.data, { shape });
      using stats = empty(device, [3, channels]);
      using dw = empty(device, [channels]);
      using db = empty(device, [channels]);
      batchNormStatistics(device, { x: x.buffer, stats: stats.buffer, running: null }, sizes, { eps: 1e-5, momentum: 0 }, used);
      batchNormBackwardSums(device, { x: x.buffer, dy: dy.buffer, stats: stats.buffer, dw: dw.buffer, db: db.buffer }, sizes, used);

      const want = channelStatistics(values);
      const got = await stats.data();
      const mean = want.mean.map((_, c) => got[c]! + got[channels + c]!);
      expectClose(mean, want.mean, "arithmetic");
      expectClose(got.slice(2 * channels), want.variance.map((variance) => 1 / Math.sqrt(variance + 1e-5)), "reduction");
      const [sumW, sumB] = [new Float64Array(channels), new Float64Array(channels)];
      eachIndex(shape, (index, flat) => {
        const c = index[1]!;
        sumW[c]! += (cotangent.data[flat]! * (values.data[flat]! - want.mean[c]!)) / Math.sqrt(want.variance[c]! + 1e-5);
        sumB[c]! += cotangent.data[flat]!;
      });
      expectClose(await dw.data(), sumW, "gradient");
      expectClose(await db.data(), sumB, "gradient");
    }));
});

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
    expect(() => batchNorm(counts, { training: true })).toThrow("batchNorm: x must be f32, got i32");
    expect(() => batchNorm(x, { training: true, weight: two })).toThrow("batchNorm: weight must have one value a channel, [3], got [2]");
    expect(() => batchNorm(x, { ...running, runningVar: two })).toThrow("batchNorm: runningVar must have one value a channel");
    expect(() => batchNorm(single, { training: true })).toThrow("batchNorm: needs more than 1 value a channel in training, got x [1, 3]");
    expect(() => batchNorm(x)).toThrow("batchNorm: runningMean and runningVar must be given when training is false");
    expect(() => batchNorm(x, { runningMean: three })).toThrow("batchNorm: runningMean and runningVar go together, got runningMean alone");
    expect(() => batchNorm(x, { runningMean: three, runningVar: three })).toThrow("batchNorm: runningMean and runningVar share memory");
    expect(() => batchNorm(x, { runningMean: three, runningVar: trained })).toThrow("have no gradient; use detach()");
    expect(() => batchNorm(x, { ...running, momentum: 1.5 })).toThrow("batchNorm: momentum must be a finite number >= 0 and <= 1, got 1.5");
    expect(() => batchNorm(x, { ...running, eps: -1 })).toThrow("batchNorm: eps must be a finite number >= 0, got -1");
    expect(() => batchNorm(x, { ...running, epsilon: 1 } as never)).toThrow('batchNorm: unknown option "epsilon"');
  });
});
