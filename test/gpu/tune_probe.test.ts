// Every tool leaves the model, the optimizer and the device as it found them, however it ends.
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import { dropout, fromArray, mean, mul, ones, sum } from "../../src/ops/index.js";
import { Adam, SGD } from "../../src/optim/index.js";
import { Generator } from "../../src/tensor/random.js";
import { catapultStart, lineSearch, noiseScale, rangeTest, type ToolOptions, type TuneTarget } from "../../src/tune/index.js";
import { withProbe } from "../../src/tune/probe.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";
import { compare } from "../support/tolerances.js";
import { expectUnchanged, leaf, netTarget, photograph, quadratic } from "../support/tune_targets.js";

type Tool = (target: TuneTarget, options?: ToolOptions) => Promise<unknown>;
const tools: readonly (readonly [string, Tool])[] = [
  ["rangeTest", (target, options) => rangeTest(target, { from: 1e-4, to: 1e3, steps: 20, ...options })],
  ["lineSearch, armijo", (target, options) => lineSearch(target, { batches: 2, maxEvaluations: 8, ...options })],
  ["lineSearch, golden", (target, options) => lineSearch(target, { method: "golden", direction: "gradient", maxEvaluations: 8, ...options })],
  ["catapultStart", (target, options) => catapultStart(target, { start: 1e-3, batches: 2, precision: 0.1, ...options })],
  ["noiseScale", (target, options) => noiseScale(target, { microBatches: 2, draws: 2, ...options })],
];

/** Throws at the n-th call. */
function failingAt(target: TuneTarget, n: number, fail: () => void): TuneTarget {
  let calls = 0;
  const loss = (batch: number) => {
    if (++calls === n) fail();
    return target.loss(batch);
  };
  const { optimizer, model } = target;
  return { optimizer, loss, ...(model && { model }) };
}

describe.each(tools)("%s", (_, tool) => {
  it("leaves everything as found: after the end, a throw in the middle, and an abort; training goes on bit for bit", () =>
    withoutLeak(async (device) => {
      const [probed, alone] = [netTarget(device), netTarget(device)];
      for (let batch = 0; batch < 3; batch++) for (const target of [probed, alone]) target.train(batch);
      // A gradient of the user's own, none at all, and modes that differ.
      const [first, second] = probed.optimizer.parameters as [typeof probed.optimizer.parameters[0], typeof probed.optimizer.parameters[0]];
      const assigned = fromArray(device, new Array(first!.size).fill(0.5), { shape: first!.shape });
      first!.grad = assigned;
      second!.grad = null;
      probed.model.last.eval();
      const held = Object.values(probed.model.dropout).filter((value): value is Generator => value instanceof Generator);
      const before = await photograph(probed, held);
      const look = async () => {
        expect(first!.grad).toBe(assigned);
        expectUnchanged(await photograph(probed, held), before);
      };
      const { optimizer, model } = probed;
      const loss = (batch: number) => {
        model.first.train(batch % 2 === 0);
        return probed.loss(batch);
      };
      const target = { optimizer, model, loss };

      const result = await tool(target);
      await look();
      expect(await tool(target), "the same again").toEqual(result);
      await look();
      for (const n of [1, 2, 4]) {
        await expect(tool(failingAt(target, n, () => { throw new Error("mine"); }))).rejects.toThrow("mine");
        await look();
        const controller = new AbortController();
        await expect(tool(failingAt(target, n, () => controller.abort(new Error("enough"))), { signal: controller.signal })).rejects.toThrow("enough");
        await look();
      }
      await expect(tool(target, { signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow("before");
      await look();

      for (let batch = 3; batch < 6; batch++) for (const one of [probed, alone]) one.train(batch);
      const [after, want] = [await photograph(probed), await photograph(alone)];
      for (const key of ["parameters", "gradients", "stats", "history", "average", "buffers"] as const) expect(after[key], key).toEqual(want[key]);
      for (const one of [probed, alone]) one.dispose();
    }));

  it("refuses what it cannot work on", async () => {
    const device = await testDevice();
    const target = netTarget(device);
    const { optimizer, loss } = target;
    const rejects = async (broken: unknown, message: string, options?: unknown) => {
      await expect(tool(broken as TuneTarget, options as ToolOptions)).rejects.toThrow(message);
      await expect(tool(broken as TuneTarget, options as ToolOptions)).rejects.toBeInstanceOf(UsageError);
    };
    await rejects(null, "needs { optimizer, loss }, got null");
    await rejects({ optimizer, loss, lose: 1 }, 'unknown option "lose"');
    await rejects({ optimizer: {}, loss }, "optimizer must be one of optim, got object");
    await rejects({ optimizer }, "loss must be a function from a batch's number to its loss, got undefined");
    await rejects({ optimizer, loss, model: {} }, "model must be an nn.Module, got object");
    await rejects({ optimizer, loss, generators: [1] }, "generators must be an array of Generator");
    await rejects({ optimizer, loss: () => 3 }, "loss must return a tensor, got number");
    await rejects({ optimizer, loss: async () => loss(0) }, "loss must return a tensor, got a promise");
    await rejects({ optimizer, loss: () => ones(device, [2]) }, "loss must be one f32 number, got f32[2]; take its mean");
    await rejects({ optimizer, loss }, 'unknown option "stepz"', { stepz: 1 });
    await rejects({ optimizer, loss }, "signal must be an AbortSignal, got number", { signal: 1 });
    for (const group of optimizer.paramGroups) group.frozen = true;
    await rejects({ optimizer, loss }, "needs a parameter to move, got only frozen or empty ones");
    optimizer.paramGroups[0]!.update({ frozen: false, maximize: true });
    await rejects({ optimizer, loss }, "the loss is minimised, got a group with maximize");
    target.dispose();
  });
});

const probing = <T>(target: TuneTarget, fn: Parameters<typeof withProbe<T>>[3]) => withProbe("test", target, undefined, fn);

describe("the probe", () => {
  const twoLeaves = (device: Device) => {
    const [a, b] = [leaf(device, [1, 2, 3]), leaf(device, [4])];
    return { a, b, loss: (batch: number) => mul(sum(mul(mul(a, a), b)), batch + 1) };
  };

  it("measures losses and gradients where it is put", () =>
    withoutLeak(async (device) => {
      const { a, b, loss } = twoLeaves(device);
      const optimizer = new SGD([b, a], { lr: 0.1 });
      await probing({ optimizer, loss }, async (probe) => {
        expect(probe.size).toBe(4);
        expect([...(await probe.values())]).toEqual([4, 1, 2, 3]);
        expect(await probe.loss(0)).toBe(56);
        expect(await probe.meanLoss([0, 1, 2])).toBe(112);
        const { loss: mean, gradient } = await probe.gradient([0, 2]);
        // 2 (14, 2 a b) on average.
        expect([mean, ...gradient]).toEqual([112, 28, 16, 32, 48]);
        probe.placeAlong(await probe.values(), 0.5, Float32Array.from([2, 0, 0, -2]));
        expect([...(await probe.values())]).toEqual([5, 1, 2, 2]);
        expect(await probe.loss(0)).toBe(45);
        probe.place(Float32Array.from([1, 1, 1, 1]));
        expect((await probe.gradient([0])).gradient).toEqual(Float32Array.from([3, 2, 2, 2]));
        expect(() => probe.place(new Float32Array(3))).toThrow("test: a vector must have 4 elements, got 3 and 3");
        probe.restore();
        expect([...(await probe.values())]).toEqual([4, 1, 2, 3]);
      });
      expect([a.grad, b.grad]).toEqual([null, null]);
      optimizer.dispose();
      [a, b].forEach((tensor) => tensor.dispose());
    }));

  it("leaves out frozen groups, gives zeros where the loss has no part, and gives no gradient to the model's others", () =>
    withoutLeak(async (device) => {
      const target = netTarget(device);
      const { model, loss } = target;
      target.optimizer.dispose();
      model.dropout.p = 0;
      const spare = leaf(device, [7, 7]);
      const optimizer = new Adam([{ params: [model.first.weight] }, { params: [model.last.weight, spare] }], { lr: 0.1 });
      optimizer.paramGroups[0]!.frozen = true;
      const outsider = model.norm.weight!;
      await probing({ optimizer, model, loss }, async (probe) => {
        expect(probe.parameters).toEqual([model.last.weight, spare]);
        expect(probe.ratios).toEqual([0, 1]);
        const { gradient } = await probe.gradient([0]);
        expect([...gradient.slice(-2)]).toEqual([0, 0]);
        expect(gradient.slice(0, -2).some((g) => g !== 0)).toBe(true);
        expect(outsider.requiresGrad).toBe(false);
        const { direction } = await probe.update([0]);
        expect([...direction.slice(-2)]).toEqual([0, 0]);
      });
      expect(outsider.requiresGrad).toBe(true);
      expect(outsider.grad).toBeNull();
      optimizer.dispose();
      spare.dispose();
      model.dispose();
    }));

  it("knows the optimizer's own update: what a step of that rate does, bit for bit but for rounding", () =>
    withoutLeak(async (device) => {
      const target = netTarget(device);
      for (let batch = 0; batch < 4; batch++) target.train(batch);
      const { optimizer, model, loss } = target;
      const rates = optimizer.paramGroups.map((group) => group.lrAt(4));
      const moved = await probing({ optimizer, model, loss }, async (probe) => {
        expect(probe.leadingRate).toBe(rates[0]);
        expect(probe.ratios).toEqual([1, rates[1]! / rates[0]!]);
        const { base, direction } = await probe.update([8]);
        expect(await probe.values(), "undone").toEqual(base);
        probe.placeAlong(base, rates[0]!, direction);
        const along = await probe.values();
        probe.restore();
        void probe.trainStep(8);
        const stepped = await probe.values();
        return { along: along.map((value, i) => value - base[i]!), stepped: stepped.map((value, i) => value - base[i]!) };
      });
      const result = compare(moved.along, moved.stepped, "model");
      expect(result.worst, result.message).toBeLessThanOrEqual(1);
      target.dispose();
    }));

  it("puts running statistics back after each evaluation, and lets training steps change them", () =>
    withoutLeak(async (device) => {
      const target = netTarget(device);
      const { optimizer, model, loss } = target;
      const statistics = async () => [...(await model.norm.runningMean.data())];
      const before = await statistics();
      await probing({ optimizer, model, loss }, async (probe) => {
        await probe.loss(0);
        expect(await statistics()).toEqual(before);
        await probe.gradient([1, 2]);
        expect(await statistics()).toEqual(before);
        await probe.update([3]);
        expect(await statistics()).toEqual(before);
        await probe.trainStep(4);
        expect(await statistics()).not.toEqual(before);
      });
      expect(await statistics()).toEqual(before);
      target.dispose();
    }));

  it("draws the same masks for the same batch, others for another, with the batch's own generators too", () =>
    withoutLeak(async (device) => {
      const x = leaf(device, new Array(64).fill(1));
      const optimizer = new SGD([x], { lr: 0.1 });
      const generator = new Generator(4);
      generator.next();
      const loss = () => mean(dropout(mul(x, fromArray(device, generator.normal(64))), { p: 0.5, generator }));
      const read = (generators: Generator[]) =>
        probing({ optimizer, loss, generators }, async (probe) => [await probe.loss(0), (await probe.gradient([3])).loss, await probe.loss(0), await probe.loss(3)]);
      const losses = await read([generator]);
      expect(losses[2]).toBe(losses[0]);
      expect(losses[3]).toBe(losses[1]);
      expect(losses[1]).not.toBe(losses[0]);
      expect(generator.stateDict()).toEqual({ seed: 4, offset: 1 });
      expect(await read([generator])).toEqual(losses);
      const free = await read([]);
      expect(free[2]).not.toBe(free[0]);
      optimizer.dispose();
      x.dispose();
    }));

  it("leaves no memory behind when the optimizer is disposed under it, and tells the first error", () =>
    withoutLeak(async (device) => {
      const x = leaf(device, [1]);
      const optimizer = new SGD([x], { lr: 0.1 });
      const loss = () => {
        optimizer.dispose();
        throw new Error("mine");
      };
      await expect(lineSearch({ optimizer, loss })).rejects.toThrow("mine");
      await expect(lineSearch({ optimizer, loss })).rejects.toThrow("SGD: used after dispose()");
      x.dispose();
    }));

  it("is one at a time for an optimizer", async () => {
    const device = await testDevice();
    const x = leaf(device, [1]);
    const optimizer = new SGD([x], { lr: 0.1 });
    const target = { optimizer, loss: () => quadratic(x, [2]) };
    const first = lineSearch(target);
    await expect(catapultStart(target)).rejects.toThrow("catapultStart: this optimizer is being probed already; await the first tool before the next");
    await first;
    await catapultStart(target);
    optimizer.dispose();
    x.dispose();
  });
});
