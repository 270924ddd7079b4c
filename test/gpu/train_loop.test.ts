import { describe, expect, it } from "vitest";
import { text, type TokenBatch } from "../../src/data/index.js";
import { AnomalyError, DivergedError, UsageError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import { GPT } from "../../src/nn/index.js";
import { fromArray, mul } from "../../src/ops/index.js";
import { AdamW } from "../../src/optim/index.js";
import { cosine, warmup } from "../../src/schedule/index.js";
import { noGrad } from "../../src/tensor/tape.js";
import { train, type StepMetrics, type TrainOptions, type ValidationMetrics } from "../../src/train/index.js";
import { testDevice } from "../support/device.js";
import { compare } from "../support/tolerances.js";

const source = "abcdefgh".repeat(100); // the next letter is certain: a model that learns reaches a low loss
const lr = warmup({ steps: 5, to: 3e-2 }).then(cosine({ steps: 35, to: 3e-3 }));

async function makeRun(changes: Partial<TrainOptions> = {}) {
  const device = await testDevice();
  const model = new GPT(device, { layers: 1, heads: 2, width: 16, block: 8, vocab: 8, seed: 1 });
  const optimizer = new AdamW(model.groups({ weightDecay: 0 }), { lr, clipNorm: 1 });
  const steps: StepMetrics[] = [];
  const validations: ValidationMetrics[] = [];
  const checkpoints: number[] = [];
  const options: TrainOptions = {
    device,
    model,
    optimizer,
    data: text.characters(source, { block: 8, batch: 4, seed: 2 }),
    steps: 40,
    onStep: (metrics) => steps.push(metrics),
    onValidation: (metrics) => validations.push(metrics),
    onCheckpoint: ({ step }) => void checkpoints.push(step),
    ...changes,
  };
  return { device, model, optimizer, options, steps, validations, checkpoints };
}

async function bitsOf(model: GPT): Promise<number[][]> {
  return Promise.all(model.parameters().map(async (tensor) => [...new Uint32Array((await tensor.data()).buffer)]));
}

/** The model's loss times NaN at the steps named. */
function poisoned(model: GPT, device: Device, when: (call: number) => boolean): TrainOptions["model"] {
  let call = 0;
  return {
    loss: (tokens, targets) => (when(++call) ? mul(model.loss(tokens, targets), fromArray(device, [NaN], { shape: [] })) : model.loss(tokens, targets)),
    train: () => model.train(),
    inEvalMode: (fn) => model.inEvalMode(fn),
  };
}

describe("train", () => {
  it("learns, reports every step in order with the rate of the schedule, and validates", async () => {
    const { options, steps, validations, checkpoints } = await makeRun({ evalEvery: 16, evalBatches: 2, checkpointEvery: 15 });
    const result = await train(options);
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    for (const { step, lr: used } of steps) expect(used).toBe(Math.fround(lr.at(step - 1)));
    expect(steps[0]!.loss).toBeGreaterThan(1.8); // log 8 is 2.08
    expect(steps[39]!.loss).toBeLessThan(0.7);
    expect(steps[0]!.tokensPerSecond).toBe(0);
    expect(steps[39]!.tokensPerSecond).toBeGreaterThan(0);
    expect(validations.map(({ step }) => step)).toEqual([0, 16, 32, 40]);
    expect(validations[0]!.trainLoss).toBeNull();
    const mean = steps.slice(0, 16).reduce((sum, { loss }) => sum + loss, 0) / 16;
    expect(validations[1]!.trainLoss).toBe(mean);
    expect(validations[3]!.validationLoss).toBeLessThan(validations[0]!.validationLoss / 2);
    expect(result).toMatchObject({ step: 40, aborted: false, loss: steps[39]!.loss, skipped: 0 });
    expect(result.bestValidationLoss).toBe(Math.min(...validations.map(({ validationLoss }) => validationLoss)));
    expect(result.clipped).toBe(steps.filter(({ gradNorm }) => gradNorm > 1).length);
    expect(checkpoints).toEqual([15, 30, 40]);
  });

  it("averages the validation over its batches, in eval mode", async () => {
    const { options, model, device, validations } = await makeRun({ steps: 0, evalEvery: 1, evalBatches: 3 });
    await train(options);
    const losses: number[] = [];
    for (const { tokens, targets, shape } of (options.data as ReturnType<typeof text.characters>).validationBatches(3)) {
      const tensor = (values: Int32Array) => fromArray(device, values, { shape, dtype: "i32" });
      losses.push(await noGrad(() => model.inEvalMode(() => model.loss(tensor(tokens), tensor(targets)))).item());
    }
    expect(validations).toHaveLength(1);
    expect(validations[0]!.validationLoss).toBe((losses[0]! + losses[1]! + losses[2]!) / 3);
  });

  it("accumulates: four batches of two are a batch of eight, and schedules count steps, not batches", async () => {
    const whole = await makeRun({ data: text.characters(source, { block: 8, batch: 8, seed: 2 }), steps: 12, accumulate: 1 });
    const parts = await makeRun({ steps: 12, accumulate: 4 });
    // The same windows: each batch of eight, two at a time.
    const large = text.characters(source, { block: 8, batch: 8, seed: 2 });
    let queue: TokenBatch[] = [];
    const next = (): TokenBatch => {
      if (queue.length === 0) {
        const { tokens, targets } = large.next();
        queue = [0, 1, 2, 3].map((i) => ({ tokens: tokens.slice(16 * i, 16 * i + 16), targets: targets.slice(16 * i, 16 * i + 16), shape: [2, 8] }));
      }
      return queue.shift()!;
    };
    await train(whole.options);
    await train({ ...parts.options, data: { next, validationBatches: () => [] } });
    expect(parts.steps.map(({ lr: used }) => used)).toEqual(whole.steps.map(({ lr: used }) => used));
    const result = compare(parts.steps.map(({ loss }) => loss), whole.steps.map(({ loss }) => loss), "trajectory");
    expect(result.worst, result.message).toBeLessThanOrEqual(1);
    await expect(train({ ...whole.options, accumulate: 0 })).rejects.toThrow("train: accumulate must be a whole number >= 1, got 0");
  });

  it("validates the averaged weights where the optimizer keeps them, and trains on with its own", async () => {
    const device = await testDevice();
    const model = new GPT(device, { layers: 1, heads: 2, width: 16, block: 8, vocab: 8, seed: 1 });
    const optimizer = new AdamW(model.groups({ weightDecay: 0 }), { lr, clipNorm: 1, emaDecay: 0.9 });
    const averaged = await makeRun({ model, optimizer, evalEvery: 20, evalBatches: 2 });
    const plain = await makeRun({ evalEvery: 20, evalBatches: 2 });
    await train(averaged.options);
    await train(plain.options);
    expect(averaged.steps.map(({ loss }) => loss)).toEqual(plain.steps.map(({ loss }) => loss));
    expect(averaged.validations[0]!.validationLoss).toBe(plain.validations[0]!.validationLoss);
    expect(averaged.validations[1]!.validationLoss).not.toBe(plain.validations[1]!.validationLoss);
    const again = await optimizer.withAveragedWeights(() => train({ ...averaged.options, steps: 1, evalEvery: 0 }).catch((error: Error) => error.message));
    expect(again).toContain("averaged weights");
  });

  it("runs at most a few steps ahead of their results, and leaves no memory behind", async () => {
    let launched = 0;
    const ahead: number[] = [];
    const { options, device } = await makeRun({ steps: 60 });
    const { data } = options;
    const counted = { next: () => (launched++, data.next()), validationBatches: (count: number): TokenBatch[] => data.validationBatches(count) };
    await train({ ...options, data: counted, steps: 3 });
    const before = device.memory().liveBytes;
    launched = 3;
    await train({ ...options, data: counted, startStep: 3, steps: 60, onStep: ({ step }) => ahead.push(launched - step) });
    expect(Math.max(...ahead)).toBeGreaterThan(0);
    expect(Math.max(...ahead)).toBeLessThanOrEqual(33);
    expect(device.memory().liveBytes).toBe(before);
  });

  it("computes the same bits captured and eager, validation and averaged weights included", async () => {
    const outcome = async (captured: boolean) => {
      const device = await testDevice();
      const model = new GPT(device, { layers: 1, heads: 2, width: 16, block: 8, vocab: 8, dropout: 0.1, seed: 1 });
      const optimizer = new AdamW(model.groups({ weightDecay: 0 }), { lr, clipNorm: 1, emaDecay: 0.9 });
      const run = await makeRun({ model, optimizer, steps: 13, accumulate: 2, evalEvery: 5, evalBatches: 2, capture: captured });
      await train(run.options);
      const losses = run.steps.map(({ loss, gradNorm, lr: used }) => [loss, gradNorm, used]);
      const result = { losses, validations: run.validations, weights: await bitsOf(model) };
      optimizer.dispose();
      model.dispose();
      return result;
    };
    expect(await outcome(true)).toEqual(await outcome(false));
  });

  it("records nothing of a model that does not say that it may be", async () => {
    let calls = 0;
    const { options, model, device } = await makeRun({ steps: 6 });
    await train({ ...options, model: poisoned(model, device, () => (calls++, false)) });
    expect(calls).toBe(6);
    await train({ ...options, model: poisoned(model, device, () => (calls++, false)), startStep: 6, steps: 12, capture: true });
    expect(calls).toBe(7);
    class Louder extends GPT {}
    expect(new Louder(device, { layers: 1, heads: 1, width: 4, block: 4, vocab: 4 }).capturable).toBe(false);
    expect(model.capturable).toBe(true);
  });

  it("in anomaly mode computes the same bits, and stops at the op that made a NaN", async () => {
    const plain = await makeRun({ steps: 6 });
    await train(plain.options);
    const watched = await makeRun({ steps: 6, detectAnomaly: true });
    await train(watched.options);
    expect(watched.steps.map(({ loss }) => loss)).toEqual(plain.steps.map(({ loss }) => loss));
    expect(await bitsOf(watched.model)).toEqual(await bitsOf(plain.model));
    const bad = await makeRun({ detectAnomaly: true });
    bad.options.model = poisoned(bad.model, bad.device, (call) => call === 3);
    const error = await train(bad.options).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AnomalyError);
    expect(error).toMatchObject({ op: "mul", phase: "forward" });
    expect((error as Error).message).toContain("it was given one");
    expect(bad.steps.map(({ step }) => step)).toEqual(bad.steps.map((_, i) => i + 1));
  });

  it("skips a step whose loss is NaN: the parameters stay, the run goes on", async () => {
    const { options, model, device, steps } = await makeRun({ steps: 6 });
    const result = await train({ ...options, model: poisoned(model, device, (call) => call === 3) });
    expect(steps.map(({ skipped }) => skipped)).toEqual([false, false, true, false, false, false]);
    expect(result.skipped).toBe(1);
    // The skipped step used up no learning rate.
    expect(steps[3]!.lr).toBe(Math.fround(lr.at(2)));
    expect((await bitsOf(model)).flat().some((bits) => (bits & 0x7f800000) === 0x7f800000)).toBe(false);
  });

  it("stops after too many skipped steps in a row, with the parameters as they were", async () => {
    const { options, model, device, steps, checkpoints } = await makeRun();
    const before = await bitsOf(model);
    const run = train({ ...options, model: poisoned(model, device, () => true), maxSkipped: 4 });
    await expect(run).rejects.toThrow("train: 4 steps in a row had a loss or gradient that was not finite and were skipped, the last was step 4; use a lower learning rate");
    await expect(run).rejects.toThrow(DivergedError);
    expect(steps).toHaveLength(4);
    expect(checkpoints).toEqual([]);
    expect(await bitsOf(model)).toEqual(before);
  });

  it("does not stop when skipped steps are not in a row", async () => {
    const { options, model, device } = await makeRun({ steps: 9, maxSkipped: 2 });
    expect((await train({ ...options, model: poisoned(model, device, (call) => call % 2 === 0) })).skipped).toBe(4);
  });

  it("stops at a signal, within a step, and saves", async () => {
    const controller = new AbortController();
    let launched = 0;
    let launchedAtAbort = 0;
    const { options, checkpoints } = await makeRun({ steps: 1000, evalEvery: 1000 });
    const { data } = options;
    const result = await train({
      ...options,
      data: { next: () => (launched++, data.next()), validationBatches: (count) => data.validationBatches(count) },
      signal: controller.signal,
      onStep: ({ step }) => {
        if (step !== 7) return;
        launchedAtAbort = launched;
        controller.abort();
      },
    });
    expect(result.aborted).toBe(true);
    expect(launched - launchedAtAbort).toBeLessThanOrEqual(1);
    expect(result.step).toBe(launched);
    expect(checkpoints).toEqual([result.step]);
  });

  it("takes no step after a signal that was there before", async () => {
    const { options, steps } = await makeRun({ signal: AbortSignal.abort() });
    expect(await train(options)).toMatchObject({ step: 0, aborted: true });
    expect(steps).toEqual([]);
  });

  it("refuses a second train() of the same model, then allows it", async () => {
    const { options } = await makeRun({ steps: 2 });
    const first = train(options);
    await expect(train(options)).rejects.toThrow("train: this model is being trained already");
    await first;
    await expect(train({ ...options, startStep: 2, steps: 3 })).resolves.toMatchObject({ step: 3 });
  });

  it.each<[Partial<TrainOptions>, RegExp]>([
    [{ steps: 1.5 }, /steps must be a whole number >= 0, got 1.5/],
    [{ evalEvery: -1 }, /evalEvery must be/],
    [{ evalBatches: 0 }, /evalBatches must be a whole number >= 1, got 0/],
    [{ maxSkipped: 0 }, /maxSkipped must be/],
    [{ evalevery: 5 } as object, /unknown option "evalevery"/],
  ])("refuses %j", async (changes, message) => {
    const { options } = await makeRun();
    await expect(train({ ...options, ...changes })).rejects.toThrow(message);
    await expect(train({ ...options, ...changes })).rejects.toThrow(UsageError);
  });
});
