import { describe, expect, it } from "vitest";
import type { Device } from "../../src/gpu/device.js";
import { GPT } from "../../src/nn/index.js";
import { fromArray } from "../../src/ops/index.js";
import { AdamW, SGD } from "../../src/optim/index.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { advise, type AdviseOptions } from "../../src/tune/index.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";
import { testRandom } from "../support/nd.js";
import { quadratic } from "../support/quadratic.js";
import { expectUnchanged, netTarget, photograph } from "../support/tune_targets.js";

const quick = { steps: 300, batches: 2, rangeSteps: 60 } as const satisfies AdviseOptions;

/** A GPT that counts: the next token is one more, modulo the vocabulary. Learned in tens of steps. */
function counting(device: Device, seed: number) {
  const [batch, block, vocab] = [4, 8, 11];
  const model = new GPT(device, { layers: 1, heads: 2, width: 16, block, vocab, seed, init: "scaled" });
  const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr: 1e-3, betas: [0.9, 0.95], clipNorm: 1 });
  const loss = (number: number) => {
    const random = testRandom(number);
    const starts = Array.from({ length: batch }, () => random.integer(vocab));
    const window = (shift: number) => Int32Array.from({ length: batch * block }, (_, i) => (starts[Math.floor(i / block)]! + (i % block) + shift) % vocab);
    return model.loss(fromArray(device, window(0), { shape: [batch, block], dtype: "i32" }), fromArray(device, window(1), { shape: [batch, block], dtype: "i32" }));
  };
  const dispose = () => {
    optimizer.dispose();
    model.dispose();
  };
  return { target: { model, optimizer, loss }, dispose };
}

describe("advise", () => {
  it("its numbers agree with what was measured, its schedule goes where they say, and nothing is left behind", () =>
    withoutLeak(async (device) => {
      const { target, dispose } = counting(device, 1);
      const stages = new Set<string>();
      const advice = await advise(target, { ...quick, batchSize: 4, onProgress: ({ stage, done, total }) => (expect(done).toBeLessThanOrEqual(total), void stages.add(stage)) });
      expect([...stages]).toEqual(["first step", "range test", "sharpness", "noise"]);
      const { initialLr, peakLr, finalLr, warmupSteps, schedule, measured, reasons } = advice;
      // 2 / (1 - 0.95) = 40, capped at a tenth of 300.
      expect(warmupSteps).toBe(30);
      expect(peakLr).toBeLessThanOrEqual(measured.range.least! * 1.05);
      expect(peakLr).toBeLessThanOrEqual(0.505 * measured.sharpness.stableRate!);
      expect(measured.sharpness.preconditioned).toBe(true);
      expect(initialLr).toBeCloseTo(peakLr / 30, 3);
      expect(finalLr).toBeCloseTo(peakLr / 20, 12);
      expect([schedule.at(0), schedule.at(30), schedule.at(300), schedule.steps]).toEqual([initialLr, peakLr, finalLr, 300]);
      expect(advice.schedules.map((own) => own.at(30))).toEqual([peakLr, peakLr]);
      expect(measured.noise).not.toBeNull();
      expect(reasons.length).toBeGreaterThanOrEqual(4);
      expect(reasons.join(" ")).toMatch(/In the range test .* AdamW scales it.* warm up for 40 steps\. This is capped at 10% of the 300 steps: 30\./);
      dispose();
    }));

  it("trained as advised, a net learns; at thirty times the peak from the first step it does worse", async () => {
    const device = await testDevice();
    const finals: number[] = [];
    for (const high of [false, true]) {
      const { target, dispose } = counting(device, 2);
      const { optimizer } = target;
      const { schedules, peakLr } = await advise(target, { ...quick, steps: 120 });
      optimizer.paramGroups.forEach((group, i) => (group.lr = high ? 30 * peakLr : schedules[i]!));
      let last = NaN;
      for (let t = 0; t < 120; t++) {
        const loss = scope(() => {
          optimizer.zeroGrad();
          const value = target.loss(1000 + t);
          backward(value);
          optimizer.step();
          return value.detach();
        });
        if (t === 119) last = await loss.item();
        loss.dispose();
      }
      finals.push(last);
      dispose();
    }
    expect(finals[0]).toBeLessThan(1);
    expect(finals[1]).toBeGreaterThan(finals[0]!);
  });

  it("leaves a net with everything (schedules, batch norm, dropout, averages) as it was, also when it is stopped", async () => {
    const device = await testDevice();
    const net = netTarget(device);
    for (let batch = 0; batch < 3; batch++) net.train(batch);
    const { model, optimizer, loss } = net;
    const target = { model, optimizer, loss };
    const before = await photograph(target);
    const { schedules } = await advise(target, quick);
    expect(schedules[1]!.at(40) / schedules[0]!.at(40)).toBeCloseTo(optimizer.paramGroups[1]!.lrAt(3) / optimizer.paramGroups[0]!.lrAt(3), 10);
    expectUnchanged(await photograph(target), before);
    const controller = new AbortController();
    const stopped = advise(target, { ...quick, signal: controller.signal, onProgress: ({ stage }) => stage === "sharpness" && controller.abort() });
    await expect(stopped).rejects.toThrow(/abort/i);
    expectUnchanged(await photograph(target), before);
    net.dispose();
  });

  it("gradient descent on a quadratic: a peak inside the edge of stability, and no warmup", async () => {
    const device = await testDevice();
    const { x, loss } = quadratic(device, [0.5, 1, 2, 4]);
    const advice = await advise({ optimizer: new SGD([x], { lr: 1e-3 }), loss }, { ...quick, decay: "constant" });
    expect(advice.peakLr).toBeLessThanOrEqual(0.505);
    expect(advice).toMatchObject({ warmupSteps: 0, initialLr: advice.peakLr });
    expect(advice.schedule.at(1000)).toBe(advice.peakLr);
    expect(advice.measured.noise).toBeNull();
  });

  it("repeats exactly", async () => {
    const device = await testDevice();
    const { target } = counting(device, 3);
    const strip = ({ initialLr, peakLr, warmupSteps, reasons }: Awaited<ReturnType<typeof advise>>) => ({ initialLr, peakLr, warmupSteps, reasons });
    expect(strip(await advise(target, quick))).toEqual(strip(await advise(target, quick)));
  });

  it("refuses what makes no sense", async () => {
    const device = await testDevice();
    const { x, loss } = quadratic(device, [1, 2]);
    const target = { optimizer: new SGD([x]), loss };
    await expect(advise(target, undefined as never)).rejects.toThrow("advise: needs { steps }, got no options");
    await expect(advise(target, { steps: 0 })).rejects.toThrow("advise: steps must be a whole number >= 1, got 0");
    await expect(advise(target, { ...quick, decay: "exponential" as never })).rejects.toThrow('advise: decay must be "cosine", "linear" or "constant", got exponential');
    await expect(advise(target, { ...quick, maxShare: 2 })).rejects.toThrow("advise: maxShare must be");
    await expect(advise(target, { ...quick, batchsize: 3 } as never)).rejects.toThrow('unknown option "batchsize"');
    x.set([NaN, 0]);
    await expect(advise(target, quick)).rejects.toThrow("the loss and its gradient must be finite");
  });
});
