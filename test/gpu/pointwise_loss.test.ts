import { describe, expect, it } from "vitest";
import { bceWithLogits } from "../../src/ops/bce_with_logits.js";
import { fromArray, ones, zeros } from "../../src/ops/creation.js";
import { mseLoss } from "../../src/ops/mse_loss.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { pointwiseLossCases } from "../cases/pointwise_loss.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";
import { testRandom } from "../support/nd.js";
import { testCases } from "../support/op_cases.js";
import { compare } from "../support/tolerances.js";

testCases("losses by element", pointwiseLossCases);

describe("losses by element", () => {
  it("give NaN for the mean of nothing, 0 for its sum, and empty gradients", () =>
    withoutLeak(async (device) => {
      for (const op of [mseLoss, bceWithLogits]) {
        using x = zeros(device, [0, 3], { requiresGrad: true });
        using t = zeros(device, [0, 3]);
        using mean = op(x, t);
        using sum = op(x, t, { reduction: "sum" });
        using none = op(x, t, { reduction: "none" });
        expect([await mean.item(), await sum.item(), none.shape]).toEqual([NaN, 0, [0, 3]]);
        backward(mean);
        expect(x.grad!.shape).toEqual([0, 3]);
      }
    }));

  it("keep NaN and infinities, but not those that a target of 0 or 1 rules out", async () => {
    const device = await testDevice();
    using x = fromArray(device, [NaN, Infinity, -Infinity, Infinity, -Infinity]);
    using t = fromArray(device, [1, 1, 0, 0, 1]);
    using loss = bceWithLogits(x, t, { reduction: "none" });
    expect([...(await loss.data())]).toEqual([NaN, 0, 0, Infinity, Infinity]);
    using squared = mseLoss(x, t, { reduction: "none" });
    expect([...(await squared.data())]).toEqual([NaN, Infinity, Infinity, Infinity, Infinity]);
    using mean = mseLoss(x, t);
    expect(await mean.item()).toBeNaN();
  });

  it("keep the gradient of confident logits", async () => {
    const device = await testDevice();
    using x = fromArray(device, [-40, 40, -15, 15, 1e4, -1e4], { requiresGrad: true });
    using t = fromArray(device, [0, 1, 0, 1, 0, 1]);
    scope(() => backward(bceWithLogits(x, t, { reduction: "sum" })));
    const tiny = (exponent: number) => Math.exp(-exponent) / (1 + Math.exp(-exponent));
    const got = await x.grad!.data();
    const result = compare([...got].map((value, i) => value / [tiny(40), -tiny(40), tiny(15), -tiny(15), 1, -1][i]!), new Array(6).fill(1), "transcendental");
    expect(result.worst, result.message).toBeLessThanOrEqual(1);
  });

  it("repeat bit for bit", async () => {
    const device = await testDevice();
    const random = testRandom(4);
    using x = fromArray(device, Array.from({ length: 50_021 }, () => random.normal()));
    using t = zeros(device, [50_021]);
    using first = mseLoss(x, t);
    using second = mseLoss(x, t);
    expect(await second.item()).toBe(await first.item());
  });

  it("take at most two launches for a mean", async () => {
    const device = await testDevice();
    using x = zeros(device, [1000, 77]);
    using t = ones(device, [1000, 77]);
    const before = device.queue.counts.dispatches;
    using loss = mseLoss(x, t);
    expect(device.queue.counts.dispatches - before).toBe(2);
    expect(await loss.item()).toBe(1);
  });

  it("refuse what they cannot take", async () => {
    const device = await testDevice();
    using x = zeros(device, [4, 3]);
    using column = zeros(device, [4, 1]);
    using counts = zeros(device, [4, 3], { dtype: "i32" });
    using four = ones(device, [4]);
    using trained = ones(device, [3], { requiresGrad: true });
    expect(() => mseLoss(x, column)).toThrow("mseLoss: x and target must have the same shape, got [4, 3] and [4, 1]");
    expect(() => mseLoss(x, counts)).toThrow("mseLoss: target must be f32 or f16, got i32");
    expect(() => bceWithLogits(counts, x)).toThrow("bceWithLogits: x must be f32 or f16, got i32");
    expect(() => mseLoss(x, x, { reduction: "average" as never })).toThrow('mseLoss: reduction must be mean, sum or none, got "average"');
    expect(() => mseLoss(x, x, { reduce: true } as never)).toThrow('mseLoss: unknown option "reduce"');
    expect(() => bceWithLogits(x, x, { posWeight: four })).toThrow("bceWithLogits: posWeight must have the shape of x's last axes, got [4] for x [4, 3]");
    expect(() => bceWithLogits(x, x, { posWeight: trained })).toThrow("bceWithLogits: posWeight has no gradient");
    expect(() => bceWithLogits(x, x, { posWeight: -1 })).toThrow("bceWithLogits: posWeight must be a finite number >= 0, got -1");
    expect(() => bceWithLogits(x, x, { weight: four } as never)).toThrow('bceWithLogits: unknown option "weight"');
  });
});
