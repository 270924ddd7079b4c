// The plateau rule on real optimizers: the rates that the kernels used.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import { fromArray } from "../../src/ops/index.js";
import { AdamW, ReduceLROnPlateau, SGD, type Optimizer } from "../../src/optim/index.js";
import { cosine, fromJSON, warmup, type PlateauState, type Schedule } from "../../src/schedule/index.js";
import { testDevice } from "../support/device.js";
import { giveGradient } from "../support/optim_gradients.js";
import { plateauRates, pytorchDefaults } from "../support/plateau_reference.js";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

const made: { dispose(): void }[] = [];
afterAll(() => made.forEach((one) => one.dispose()));

/** One group for each rate, each of one parameter that always has a gradient. */
function optimizerOf(lrs: readonly (number | Schedule)[], Kind: typeof SGD | typeof AdamW = SGD): Optimizer {
  const params = lrs.map(() => fromArray(device, Float32Array.of(1, 2), { requiresGrad: true }));
  const optimizer = new Kind(
    lrs.map((lr, i) => ({ params: [params[i]!], lr })),
    { lr: 1 },
  );
  for (const param of params) giveGradient(param, [1e-3, -1e-3]);
  made.push(optimizer, ...params);
  return optimizer;
}

const metrics = Array.from({ length: 60 }, (_, i) => 1 + Math.exp(-i / 5) + 0.02 * Math.sin(7 * i));
const settings = { ...pytorchDefaults, patience: 2, factor: 0.5, cooldown: 1 };

describe("ReduceLROnPlateau", () => {
  it.each([SGD, AdamW])("is PyTorch's where rates are numbers, group by group", async (Kind) => {
    const [lrs, minLr] = [[0.1, 3e-4, 2], [0.01, 0, 0.5]];
    const optimizer = optimizerOf(lrs, Kind);
    const rule = new ReduceLROnPlateau(optimizer, { patience: 2, factor: 0.5, cooldown: 1, minLr });
    const want = plateauRates({ ...settings, minLr }, lrs, metrics);
    for (const [i, metric] of metrics.entries()) {
      await rule.step(metric);
      optimizer.paramGroups.forEach(({ lr }, group) => expect(Math.abs((lr as number) - want[i]![group]!)).toBeLessThanOrEqual(1e-12 * want[i]![group]!));
    }
    expect(want.at(-1)![1]).toBeLessThan(1e-4);
    optimizer.step();
    expect((await optimizer.stats()).lr).toEqual(want.at(-1)!.map(Math.fround));
  });

  it("scales a schedule from the coming step on, and leaves its shape", async () => {
    const schedule = warmup({ steps: 4, to: 0.1 }).then(cosine({ steps: 20 }));
    const optimizer = optimizerOf([schedule, 0.2]);
    const rule = new ReduceLROnPlateau(optimizer, { patience: 0, factor: 0.5 });
    let scale = 1;
    for (let t = 0; t < 10; t++) {
      optimizer.step();
      const { lr } = await optimizer.stats();
      expect(lr).toEqual([Math.fround(schedule.at(t) * scale), Math.fround(0.2 * scale)]);
      const isReduced = await rule.step(t === 3 || t === 7 ? 1 : 1 / (t + 2));
      expect(isReduced).toBe(t === 3 || t === 7);
      if (isReduced) scale *= 0.5;
    }
    expect((optimizer.paramGroups[0]!.lr as Schedule).toJSON()).toEqual(schedule.scale(0.25).toJSON());
  });

  it("reduces the rate of the coming step no further than minLr, and not at all where it is 0", async () => {
    const schedule = warmup({ steps: 4, to: 0.4 });
    const optimizer = optimizerOf([schedule]);
    const rule = new ReduceLROnPlateau(optimizer, { patience: 0, minLr: 0.15 });
    await rule.step(NaN);
    expect(optimizer.paramGroups[0]!.lr).toBe(schedule);
    for (let t = 0; t < 3; t++) optimizer.step();
    await rule.step(NaN);
    const reduced = optimizer.paramGroups[0]!.lr as Schedule;
    expect(reduced.at(3)).toBeCloseTo(0.15, 12);
    expect(reduced.at(4)).toBeCloseTo(0.2, 12);
  });

  it("starts from the user's rate when that was set meanwhile, and does not pile up scales", async () => {
    const optimizer = optimizerOf([cosine({ from: 1, steps: 1000 })]);
    const rule = new ReduceLROnPlateau(optimizer, { patience: 0, factor: 0.99 });
    for (let i = 0; i < 400; i++) await rule.step(NaN);
    const own = cosine({ from: 0.5, steps: 10 });
    optimizer.paramGroups[0]!.lr = own;
    await rule.step(NaN);
    expect((optimizer.paramGroups[0]!.lr as Schedule).toJSON()).toEqual(own.scale(0.99).toJSON());
  });

  it("goes on from a checkpoint as if nothing had been", async () => {
    const [schedule, options] = [cosine({ from: 0.1, steps: 200 }), { patience: 1, factor: 0.3, cooldown: 2 }];
    const straight = optimizerOf([schedule, 0.2]);
    const rule = new ReduceLROnPlateau(straight, options);
    for (const metric of metrics.slice(0, 25)) await rule.step(metric);
    const saved = JSON.parse(JSON.stringify(rule.stateDict())) as PlateauState;
    const resumed = optimizerOf([1, 1]);
    resumed.loadStateDict(await straight.stateDict());
    const second = new ReduceLROnPlateau(resumed, options);
    second.loadStateDict(saved);
    for (const metric of metrics.slice(25)) expect(await second.step(metric)).toBe(await rule.step(metric));
    for (const group of [0, 1]) {
      const [a, b] = [straight, resumed].map((optimizer) => optimizer.paramGroups[group]!.lr).map((lr) => (typeof lr === "number" ? lr : fromJSON(lr.toJSON()).at(7)));
      expect(Math.abs(a! - b!)).toBeLessThanOrEqual(1e-12 * a!);
      expect(a!).toBeLessThan(0.05);
    }
  });

  it("refuses bad options and metrics, and counts nothing then", async () => {
    const optimizer = optimizerOf([0.1, 0.2]);
    expect(() => new ReduceLROnPlateau(optimizer, { factor: 2 })).toThrow("ReduceLROnPlateau: factor must be a finite number >= 0 and < 1, got 2");
    expect(() => new ReduceLROnPlateau(optimizer, { minLr: [0, 0, 0] })).toThrow("ReduceLROnPlateau: minLr needs one value a group, got 3 for 2");
    expect(() => new ReduceLROnPlateau(undefined as never)).toThrow("ReduceLROnPlateau: the first argument must be an optimizer, got undefined");
    const rule = new ReduceLROnPlateau(optimizer, { patience: 0 });
    await expect(rule.step("1" as never)).rejects.toThrow(UsageError);
    await expect(rule.step("1" as never)).rejects.toThrow('ReduceLROnPlateau: the metric must be a number, got "1"; await its item()');
    expect(rule.stateDict().observed).toBe(0);
    expect(() => rule.loadStateDict({} as never)).toThrow("ReduceLROnPlateau: state: best");
  });
});
