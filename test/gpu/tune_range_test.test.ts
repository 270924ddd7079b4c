// The learning rate range test where its answer is known.
import { describe, expect, it } from "vitest";
import { openDevice } from "../../src/node/open_device.js";
import { div, log, mul, sqrt, sum } from "../../src/ops/index.js";
import { Adam, SGD } from "../../src/optim/index.js";
import { lambda, linear } from "../../src/schedule/index.js";
import { rangeTest, type RangePoint } from "../../src/tune/index.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";
import { testRandom } from "../support/nd.js";
import { compare } from "../support/tolerances.js";
import { leaf, netTarget, quadratic } from "../support/tune_targets.js";

describe("rangeTest", () => {
  it("follows the trajectory of exponentially rising rates, and bursts past 2 / lambda", () =>
    withoutLeak(async (device) => {
      const [h, x0] = [[1, 10], [1, 2]];
      const x = leaf(device, x0);
      const optimizer = new SGD([x], { lr: 0.1 });
      const [from, to, steps] = [1e-4, 1e2, 120];
      const result = await rangeTest({ optimizer, loss: () => quadratic(x, h, undefined, 1) }, { from, to, steps });
      // The same in float64.
      const at = [...x0];
      const lossOf = () => 1 + h.reduce((sum, curvature, i) => sum + (curvature * at[i]! ** 2) / 2, 0);
      expect(result.startLoss).toBe(lossOf());
      const want = result.points.map(({ lr }, i) => {
        expect(Math.abs(lr / (from * (to / from) ** (i / (steps - 1))) - 1)).toBeLessThan(1e-12);
        h.forEach((curvature, k) => (at[k]! -= lr * curvature * at[k]!));
        return lossOf();
      });
      const trajectory = compare(result.points.map(({ loss }) => loss), want, "trajectory");
      expect(trajectory.worst, trajectory.message).toBeLessThanOrEqual(1);
      // Past 2 / 10 the steep direction grows again; small as it became, it takes a while to be seen.
      expect(result.rises!).toBeGreaterThan(0.2);
      expect(result.rises!).toBeLessThan(2);
      expect(result.least!).toBeLessThan(result.rises!);
      expect(result.doubles!).toBeGreaterThanOrEqual(result.rises!);
      expect(result.diverges!).toBeGreaterThanOrEqual(result.doubles!);
      expect(result.suggestion!).toBeLessThan(0.1);
      expect(result.points.at(-1)!.lr).toBe(result.diverges);
      expect(result.points.length).toBeLessThan(steps);
      expect(result.message).toContain("bursts at");
      optimizer.dispose();
      x.dispose();
    }));

  it("on a line started where noise keeps it, rises just past 2 / lambda", async () => {
    const device = await testDevice();
    const x = leaf(device, [1]);
    const optimizer = new SGD([x], { lr: 0.1 });
    // Every batch has its own centre: x never comes to rest.
    const loss = (batch: number) => quadratic(x, [5], [0.3 * testRandom(batch).normal()], 1);
    const { rises, doubles, diverges } = await rangeTest({ optimizer, loss }, { from: 1e-3, to: 10, steps: 200 });
    for (const lr of [rises!, doubles!, diverges!]) {
      expect(lr).toBeGreaterThan(0.3);
      expect(lr).toBeLessThan(0.65);
    }
    optimizer.dispose();
    x.dispose();
  });

  it("keeps the groups' ratios, from the peaks where a warmup begins at 0, and leaves frozen ones alone", async () => {
    const device = await testDevice();
    const [a, b, c] = [leaf(device, [1]), leaf(device, [1]), leaf(device, [1])];
    const ramp = (peak: number) => linear({ from: 0, to: peak, steps: 10 });
    const optimizer = new SGD([{ params: [a], lr: ramp(0.4) }, { params: [b], lr: ramp(0.1) }, { params: [c], lr: 1, frozen: true }]);
    const seen: number[][] = [];
    const loss = () => {
      seen.push(optimizer.paramGroups.map((group) => group.lrAt(0)));
      return quadratic(a, [1]).add(quadratic(b, [1])).add(quadratic(c, [1]));
    };
    const { ratios, points } = await rangeTest({ optimizer, loss }, { from: 1e-3, to: 1e-2, steps: 10 });
    expect(ratios).toEqual([1, 0.25, 0]);
    expect(seen[0]).toEqual([1e-3, 0.25e-3, 1]);
    // (1 - lr)^2 and (1 - lr / 4)^2, and c stays.
    const product = (k: number) => points.reduce((value, { lr }) => value * (1 - lr * k), 1);
    const result = compare([points.at(-1)!.loss], [(product(1) ** 2 + product(0.25) ** 2 + 1) / 2], "trajectory");
    expect(result.worst, result.message).toBeLessThanOrEqual(1);
    optimizer.dispose();
    for (const tensor of [a, b, c]) tensor.dispose();
  });

  it("counts the rates from where the optimizer is", async () => {
    const device = await testDevice();
    const run = async (steps: number) => {
      const x = leaf(device, [1, 2]);
      const optimizer = new SGD([x], { lr: 0 });
      for (let t = 0; t < steps; t++) {
        optimizer.zeroGrad();
        const loss = quadratic(x, [1, 3]);
        loss.backward();
        loss.dispose();
        optimizer.step();
      }
      const result = await rangeTest({ optimizer, loss: () => quadratic(x, [1, 3]) }, { from: 1e-3, to: 1, steps: 40 });
      optimizer.dispose();
      x.dispose();
      return result;
    };
    expect(await run(7)).toEqual(await run(0));
  });

  it("tells a curve that only falls, one that is flat, and one that bursts at once", async () => {
    const device = await testDevice();
    const x = leaf(device, [1]);
    const optimizer = new Adam([x], { lr: 0.1 });
    const falls = await rangeTest({ optimizer, loss: () => quadratic(x, [1], undefined, 1) }, { from: 1e-5, to: 1e-2, steps: 60 });
    expect(falls).toMatchObject({ diverges: null, rises: null, doubles: null });
    expect(falls.suggestion).toBeGreaterThan(1e-4);
    expect(falls.points).toHaveLength(60);
    expect(falls.message).toContain("It did not diverge: raise `to`, 0.01");
    const flat = await rangeTest({ optimizer, loss: () => mul(sum(x), 0).add(3) }, { steps: 30 });
    expect(flat).toMatchObject({ suggestion: null, least: null, diverges: null });
    expect(flat.message).toContain("No descent found: the loss never left its noise");
    const bursts = await rangeTest({ optimizer, loss: () => quadratic(x, [1]) }, { from: 10, to: 1000, steps: 30 });
    expect(bursts.diverges).toBeLessThan(30);
    expect(bursts.message).toContain("without falling before; lower `from`, 10");
    optimizer.dispose();
    x.dispose();
  });

  it("stops at a loss or a gradient that is not finite, without an error", async () => {
    const device = await testDevice();
    const x = leaf(device, [1]);
    const optimizer = new SGD([x], { lr: 0.1 });
    // ln x: not a number from where a step of 1 / x is longer than x.
    const bursts = await rangeTest({ optimizer, loss: () => log(sum(x)) }, { from: 1e-2, to: 100, steps: 50 });
    expect(Number.isFinite(bursts.points.at(-1)!.loss)).toBe(false);
    expect(bursts.diverges).toBe(bursts.points.at(-1)!.lr);
    const nothing = { points: [], suggestion: null, diverges: 1e-7 };
    const never = await rangeTest({ optimizer, loss: () => div(sum(x), 0) });
    expect(never).toMatchObject({ ...nothing, startLoss: Infinity, message: expect.stringContaining("The loss is not finite before the first step") });
    // sqrt(0 x): the loss is 0, its slope is not finite.
    const steep = await rangeTest({ optimizer, loss: () => sqrt(mul(sum(x), 0)) });
    expect(steep).toMatchObject({ ...nothing, startLoss: 0, message: expect.stringContaining("The gradient is not finite before the first step") });
    optimizer.dispose();
    x.dispose();
  });

  it("reports each point as it comes, on batches in order, and stops at a signal in the middle", async () => {
    const device = await testDevice();
    const target = netTarget(device);
    const { optimizer, model } = target;
    const batches: number[] = [];
    const loss = (batch: number) => {
      batches.push(batch);
      return target.loss(batch);
    };
    const points: RangePoint[] = [];
    const result = await rangeTest({ optimizer, model, loss }, { from: 1e-4, to: 0.1, steps: 25, onProgress: ({ point, done, total }) => {
      points.push(point);
      expect([done, total]).toEqual([points.length, 25]);
    } });
    expect(points).toEqual(result.points);
    expect(batches).toEqual(Array.from({ length: 26 }, (_, i) => i));
    const controller = new AbortController();
    let seen = 0;
    const aborted = rangeTest({ optimizer, model, loss }, { steps: 50, signal: controller.signal, onProgress: () => ++seen === 5 && controller.abort(new Error("enough")) });
    await expect(aborted).rejects.toThrow("enough");
    expect(seen).toBe(5);
    target.dispose();
  });

  it("that fails in the middle leaves no read behind that fails when the device closes", async () => {
    const device = await openDevice();
    const failures: unknown[] = [];
    const note = (reason: unknown) => void failures.push(reason);
    process.on("unhandledRejection", note);
    try {
      const x = leaf(device, [1]);
      let largest = 1;
      const optimizer = new SGD([x], { lr: 0.1 });
      const loss = (batch: number) => {
        if (batch === 5) {
          optimizer.clipNorm = lambda(() => largest);
          largest = -1;
        }
        return quadratic(x, [1]);
      };
      await expect(rangeTest({ optimizer, loss }, { steps: 20 })).rejects.toThrow("must be a finite number > 0, got -1");
      device.close();
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(failures).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
      device.close();
    }
  });

  it("refuses options that make no sense", async () => {
    const device = await testDevice();
    const x = leaf(device, [1]);
    const optimizer = new SGD([x], { lr: 0.1 });
    const run = (options: object) => rangeTest({ optimizer, loss: () => quadratic(x, [1]) }, options);
    await expect(run({ to: 1e40 })).rejects.toThrow("to must be a finite number > 1e-7 and <= 1e+30, got 1e+40");
    await expect(run({ from: 0 })).rejects.toThrow("rangeTest: from must be a finite number >= 1e-30, got 0");
    await expect(run({ from: 1, to: 1 })).rejects.toThrow("to must be a finite number > 1 and <= 1e+30, got 1");
    await expect(run({ steps: 9 })).rejects.toThrow("steps must be a whole number >= 10, got 9");
    await expect(run({ smoothing: 1 })).rejects.toThrow("smoothing must be a finite number >= 0 and < 1, got 1");
    await expect(run({ stopAt: 1 })).rejects.toThrow("stopAt must be a finite number > 1, got 1");
    optimizer.dispose();
    x.dispose();
  });
});
