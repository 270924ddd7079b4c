// Line search and catapult start on functions with known answers.
import { describe, expect, it } from "vitest";
import { div, log, mul, sum } from "../../src/ops/index.js";
import { Adam, AdamW, SGD } from "../../src/optim/index.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { catapultStart, lineSearch, type LineSearchOptions } from "../../src/tune/index.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";
import { leaf, quadratic } from "../support/tune_targets.js";

const h = [1, 4, 0.25, 9, 2];
const start = [1, -2, 3, 0.5, -1];
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const g = h.map((curvature, i) => curvature * start[i]!);
const Hg = h.map((curvature, i) => curvature * g[i]!);
/** Along -g: phi'(0), and where phi is least. */
const steepest = { slope: -dot(g, g), minimum: dot(g, g) / dot(g, Hg) };

describe("lineSearch", () => {
  const onQuadratic = (options: LineSearchOptions) => async () =>
    withoutLeak(async (device) => {
      const x = leaf(device, start);
      const optimizer = new SGD([x], { lr: 0.01 });
      const result = await lineSearch({ optimizer, loss: () => quadratic(x, h) }, options);
      expect(result.outcome).toBe("found");
      expect(result.holds).toBe(true);
      expect(Math.abs(result.slope / steepest.slope - 1)).toBeLessThan(1e-6);
      expect(result.loss).toBeLessThan(result.startLoss);
      expect(result.trials).toHaveLength(result.evaluations);
      expect(result.trials).toContainEqual({ alpha: result.alpha, value: result.loss });
      if (options.method === "golden") expect(Math.abs(result.alpha / steepest.minimum - 1)).toBeLessThan(2e-3);
      else {
        const [first] = result.trials;
        expect(first!.alpha).toBe(options.start ?? 0.01);
        // A step holds while alpha <= 2 (1 - c) of the minimum.
        expect(result.alpha).toBeLessThanOrEqual(2 * steepest.minimum);
        expect(result.alpha).toBeGreaterThan(steepest.minimum / 2);
      }
      optimizer.dispose();
      x.dispose();
    });

  it("golden sections find the exact minimum along the update of SGD", onQuadratic({ method: "golden" }));
  it("golden sections find the exact minimum along the negative gradient", onQuadratic({ method: "golden", direction: "gradient", start: 1e4 }));
  it("backtracking shrinks a step that is too long", onQuadratic({ start: 100 }));
  it("backtracking lengthens one that is too short", onQuadratic({}));

  it("goes along the mean gradient of several batches", async () => {
    const device = await testDevice();
    const x = leaf(device, [0]);
    const optimizer = new SGD([x], { lr: 0.1 });
    // Means: curvature 2, centre 1 of (1, 3) with centres (4, 0).
    const loss = (batch: number) => quadratic(x, [batch === 0 ? 1 : 3], [batch === 0 ? 4 : 0]);
    const { alpha, startLoss, slope } = await lineSearch({ optimizer, loss }, { method: "golden", batches: 2 });
    expect([startLoss, slope]).toEqual([4, -4]);
    expect(Math.abs(alpha / 0.5 - 1)).toBeLessThan(2e-3);
    optimizer.dispose();
    x.dispose();
  });

  it("takes the optimizer's own direction: Adam's signs, at the ratio of the groups' rates", async () => {
    const device = await testDevice();
    const [a, b] = [leaf(device, [2]), leaf(device, [-4])];
    const optimizer = new Adam([{ params: [a] }, { params: [b], lr: 0.02 }], { lr: 0.01 });
    const loss = () => sum(mul(quadratic(a, [1]), 1)).add(quadratic(b, [1]));
    const { alpha, slope } = await lineSearch({ optimizer, loss }, { method: "golden" });
    // phi = (2 - alpha)^2 / 2 + (4 - 2 alpha)^2 / 2.
    expect(Math.abs(alpha / 2 - 1)).toBeLessThan(2e-3);
    expect(Math.abs(slope / -10 - 1)).toBeLessThan(1e-5);
    optimizer.dispose();
    for (const tensor of [a, b]) tensor.dispose();
  });

  it("knows a direction that climbs: old momentum", async () => {
    const device = await testDevice();
    const x = leaf(device, [1]);
    const optimizer = new SGD([x], { lr: 1e-3, momentum: 0.9 });
    // Momentum -9 from a loss with its minimum at 10, then a loss with its minimum at 0.
    scope(() => backward(quadratic(x, [1], [10])));
    optimizer.step();
    const before = [...(await x.data())];
    const loss = () => quadratic(x, [1]);
    const uphill = await lineSearch({ optimizer, loss });
    expect(uphill).toMatchObject({ outcome: "not descent", alpha: 0, holds: false, trials: [] });
    expect(uphill.slope).toBeGreaterThan(0);
    expect(uphill.message).toContain("old momentum or weight decay may point uphill");
    expect((await lineSearch({ optimizer, loss }, { method: "golden" })).outcome).toBe("not descent");
    const gradient = await lineSearch({ optimizer, loss }, { direction: "gradient" });
    expect(gradient).toMatchObject({ outcome: "found", holds: true });
    expect([...(await x.data())]).toEqual(before);
    optimizer.dispose();
    x.dispose();
  });

  it("takes losses that are not finite for too high, and says when there is no way", async () => {
    const device = await testDevice();
    const x = leaf(device, [1]);
    const optimizer = new SGD([x], { lr: 64 });
    // -ln(2 - x) ... not finite from x = -1 down: the step must stay below 2.
    const loss = () => mul(log(x.add(1)), -1).add(quadratic(x, [4]));
    for (const method of ["armijo", "golden"] as const) {
      const result = await lineSearch({ optimizer, loss }, { method });
      expect(result.outcome).toBe("found");
      expect(result.loss).toBeLessThan(result.startLoss);
      expect(result.trials.some(({ value }) => !Number.isFinite(value))).toBe(true);
    }
    const nowhere = await lineSearch({ optimizer, loss: () => div(quadratic(x, [1]), 0) });
    expect(nowhere).toMatchObject({ outcome: "not finite", alpha: 0, evaluations: 0, holds: false });
    const flat = await lineSearch({ optimizer, loss: () => quadratic(x, [1e-12], [0], 5) }, { maxEvaluations: 6, start: 1 });
    expect(flat).toMatchObject({ outcome: "flat", alpha: 0, evaluations: 6, holds: false });
    optimizer.dispose();
    x.dispose();
  });

  it("refuses options that make no sense, and tells what it does", async () => {
    const device = await testDevice();
    const x = leaf(device, start);
    const optimizer = new SGD([x], { lr: 0.01 });
    const search = (options: object) => lineSearch({ optimizer, loss: () => quadratic(x, h) }, options);
    await expect(search({ direction: "up" })).rejects.toThrow('direction must be "update" or "gradient", got up');
    await expect(search({ method: "wolfe" })).rejects.toThrow('method must be "armijo" or "golden", got wolfe');
    await expect(search({ shrink: 1 })).rejects.toThrow("shrink must be a finite number > 0 and < 1, got 1");
    await expect(search({ batches: 0 })).rejects.toThrow("batches must be a whole number >= 1, got 0");
    await expect(search({ start: -1 })).rejects.toThrow("start must be a finite number > 0, got -1");
    await expect(search({ expand: 1 })).rejects.toThrow("expand must be true or false, got 1");
    const seen: unknown[] = [];
    const { trials } = await search({ onProgress: (progress: { trial: unknown }) => seen.push(progress.trial) });
    expect(seen).toEqual(trials);
    optimizer.dispose();
    x.dispose();
  });
});

describe("catapultStart", () => {
  it.each([0.01, 1, 300])("is 2 / lambda on a line of curvature %d", (lambda) =>
    withoutLeak(async (device) => {
      const x = leaf(device, [0.7]);
      const optimizer = new SGD([x], { lr: 0.01 });
      const { lr, raisesAt, outcome, loss, startLoss, rates } = await catapultStart({ optimizer, loss: () => quadratic(x, [lambda]) }, { precision: 1e-4 });
      expect(outcome).toBe("found");
      expect(lr).toBeLessThanOrEqual((2 / lambda) * (1 + 1e-5));
      expect(lr).toBeGreaterThan((2 / lambda) * (1 - 2e-4));
      expect(raisesAt! - lr).toBeLessThanOrEqual(1e-4 * raisesAt!);
      expect(loss).toBeLessThanOrEqual(startLoss * (1 + 1e-5));
      expect(rates).toEqual([lr]);
      optimizer.dispose();
      x.dispose();
    }));

  it("is 2 g'g / g'Hg on a quadratic, for SGD with and without momentum, from below and above", async () => {
    const device = await testDevice();
    for (const options of [{}, { momentum: 0.9 }]) {
      for (const first of [1e-6, 1e3]) {
        const x = leaf(device, start);
        const optimizer = new SGD([x], { lr: 0.01, ...options });
        const { lr } = await catapultStart({ optimizer, loss: () => quadratic(x, h, undefined, 2) }, { precision: 1e-3, start: first });
        expect(Math.abs(lr / (2 * steepest.minimum) - 1)).toBeLessThan(2e-3);
        optimizer.dispose();
        x.dispose();
      }
    }
  });

  it("follows Adam's first update: signs, whatever the gradient's size, and the groups' ratio", async () => {
    const device = await testDevice();
    const [a, b] = [leaf(device, [3, 3]), leaf(device, [1e-2])];
    const optimizer = new Adam([{ params: [a], lr: 1e-3 }, { params: [b], lr: 1e-4 }]);
    const loss = () => quadratic(a, [1, 1e-3]).add(quadratic(b, [1e-2]));
    const { lr, rates } = await catapultStart({ optimizer, loss }, { precision: 1e-3 });
    // (3 - eta)^2 (1 + 1e-3) + 1e-2 (1e-2 - eta / 10)^2 comes back at eta near 6.
    const square = 1.001 + 1e-4;
    const twice = 2 * (3.003 + 1e-5);
    expect(Math.abs(lr / (twice / square) - 1)).toBeLessThan(2e-3);
    expect(rates).toEqual([lr, (1e-4 / 1e-3) * lr]);
    optimizer.dispose();
    for (const tensor of [a, b]) tensor.dispose();
  });

  it("moves a decoupled decay along, and is the mean over batches", async () => {
    const device = await testDevice();
    const x = leaf(device, [2]);
    const optimizer = new AdamW([x], { lr: 0.01, weightDecay: 0.25 });
    // d = -1 - 0.25 * 2; the loss is (x - c)^2 / 2 with c = 1 on average: from 2 to 0 by eta 4 / 3.
    const loss = (batch: number) => quadratic(x, [1], [batch === 0 ? 0 : 2]);
    const { lr } = await catapultStart({ optimizer, loss }, { precision: 1e-3, batches: 2 });
    expect(Math.abs(lr / (4 / 3) - 1)).toBeLessThan(2e-3);
    optimizer.dispose();
    x.dispose();
  });

  it("says when there is no such rate", async () => {
    const device = await testDevice();
    const x = leaf(device, [1]);
    const optimizer = new SGD([x], { lr: 0.01, weightDecay: 10 });
    const climbs = await catapultStart({ optimizer, loss: () => quadratic(x, [1], [3]) });
    expect(climbs).toMatchObject({ outcome: "no descent", lr: 0 });
    expect(climbs.loss).toBe(climbs.startLoss);
    optimizer.paramGroups[0]!.weightDecay = 0;
    const falls = await catapultStart({ optimizer, loss: () => mul(sum(x), 1) }, { maxEvaluations: 20 });
    expect(falls).toMatchObject({ outcome: "unbounded", raisesAt: null, evaluations: 19 });
    const never = await catapultStart({ optimizer, loss: () => div(sum(x), 0) });
    expect(never).toMatchObject({ outcome: "not finite", lr: 0, evaluations: 0 });
    await expect(catapultStart({ optimizer, loss: () => sum(x) }, { precision: 0 })).rejects.toThrow("precision must be a finite number > 0 and < 1, got 0");
    optimizer.dispose();
    x.dispose();
  });
});
