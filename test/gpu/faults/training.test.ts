// Rows of the fault table about training: bad numbers, leaks, aborts, repeated and resumed runs.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "vitest";
import { text } from "../../../src/data/index.js";
import { DivergedError, UsageError } from "../../../src/errors.js";
import type { Device } from "../../../src/gpu/device.js";
import { GPT } from "../../../src/nn/index.js";
import { dropout, embedding, fromArray, mul, ones, sum } from "../../../src/ops/index.js";
import { AdamW } from "../../../src/optim/index.js";
import { cosine, warmup } from "../../../src/schedule/index.js";
import { backward } from "../../../src/tensor/backward.js";
import { Generator } from "../../../src/tensor/random.js";
import { scope } from "../../../src/tensor/scope.js";
import { decodeCheckpoint, encodeCheckpoint, restoreCheckpoint, train, type StepMetrics, type TrainOptions } from "../../../src/train/index.js";
import { testDevice } from "../../support/device.js";
import { fault } from "../../support/fault.js";
import { compare } from "../../support/tolerances.js";

const source = "the quick brown fox jumps over the lazy dog. ".repeat(40);
const lr = warmup({ steps: 5, to: 1e-2 }).then(cosine({ steps: 35, to: 1e-3 }));

interface Run {
  device: Device;
  model: GPT;
  optimizer: AdamW;
  data: ReturnType<typeof text.characters>;
  rows: StepMetrics[];
  train(changes?: Partial<TrainOptions>): ReturnType<typeof train>;
  dispose(): void;
}

async function makeRun(seed = 1): Promise<Run> {
  const device = await testDevice();
  const data = text.characters(source, { block: 8, batch: 4, seed });
  const model = new GPT(device, { layers: 1, heads: 2, width: 16, block: 8, vocab: data.vocab.size, dropout: 0.1, seed });
  const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr, clipNorm: 1 });
  const rows: StepMetrics[] = [];
  return {
    device,
    model,
    optimizer,
    data,
    rows,
    train: (changes = {}) => train({ device, model, optimizer, data, steps: 20, onStep: (row) => rows.push(row), ...changes }),
    dispose() {
      optimizer.dispose();
      model.dispose();
    },
  };
}

const bitsOf = async ({ model }: Run) => Promise.all(model.parameters().map(async (parameter) => [...new Uint32Array((await parameter.data()).buffer)]));

/** Losses and parameters of a whole run. */
async function trajectory(changes: Partial<TrainOptions> = {}): Promise<{ losses: number[]; bits: number[][] }> {
  const run = await makeRun();
  await run.train(changes);
  const bits = await bitsOf(run);
  run.dispose();
  return { losses: run.rows.map(({ loss }) => loss), bits };
}

fault(13, "Node", "one NaN in a batch: the step is skipped and counted, parameters and optimizer keep their bits, training goes on", async (count) => {
  const run = await makeRun();
  await run.train({ steps: 3 });
  const before = await bitsOf(run);
  const state = await run.optimizer.stateDict();
  const poison = fromArray(run.device, [NaN], { shape: [] });
  const loss = (tokens: Parameters<GPT["loss"]>[0], targets: Parameters<GPT["loss"]>[1]) => scope(() => mul(run.model.loss(tokens, targets), poison));
  const poisoned = { loss, train: () => run.model.train(), inEvalMode: <T>(fn: () => T) => run.model.inEvalMode(fn) };
  await run.train({ startStep: 3, steps: 4, model: poisoned });
  expect(run.rows.at(-1)).toMatchObject({ step: 4, skipped: true });
  expect(await bitsOf(run)).toEqual(before);
  expect((await run.optimizer.stateDict()).moments).toEqual(state.moments);
  await expect(run.train({ startStep: 4, steps: 40, model: poisoned, maxSkipped: 5 })).rejects.toThrow(DivergedError);
  expect(await bitsOf(run), "after giving up").toEqual(before);
  await run.train({ startStep: 4, steps: 6 });
  expect(run.rows.at(-1)!.skipped).toBe(false);
  expect(await bitsOf(run)).not.toEqual(before);
  count(6, "steps poisoned");
  poison.dispose();
  run.dispose();
});

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Of the whole process, but of V8's heap only what is alive: its size follows V8's own rules, up and down. */
async function bytesInUse(): Promise<number> {
  // What Dawn holds for a wrapper is freed in a task of its own after the wrapper was collected.
  for (let round = 0; round < 3; round++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { rss, heapTotal, heapUsed } = process.memoryUsage();
  return rss - heapTotal + heapUsed;
}

fault(21, "Node", "memory is constant over 200 steps, back to where it was after dispose, and the process grows by less than 10 %", async (count) => {
  const device = await testDevice();
  const before = device.memory().liveBytes;
  const run = await makeRun();
  await run.train({ steps: 100 });
  const { liveBytes } = device.memory();
  const created = device.pool.created;
  const bytes = await bytesInUse();
  await run.train({ startStep: 100, steps: 300 });
  expect(device.memory().liveBytes).toBe(liveBytes);
  expect(device.pool.created - created, "buffers of the second call's recording").toBeLessThan(80);
  expect((await bytesInUse()) / bytes).toBeLessThan(1.1);
  count(200, "steps of constant memory");
  run.dispose();
  expect(device.memory().liveBytes).toBe(before);
});

fault(22, "Node", "a function that throws in a scope, a step or a captured step leaves no memory, 100 times", async (count) => {
  const device = await testDevice();
  const run = await makeRun();
  await run.train({ steps: 1 });
  const { liveBytes } = device.memory();
  for (let i = 0; i < 100; i++) {
    expect(() =>
      scope(() => {
        const x = fromArray(device, [1, 2, 3], { requiresGrad: true });
        backward(sum(mul(x, x)));
        throw new Error("mine");
      }),
    ).toThrow("mine");
    const loss = () => {
      throw new Error("mine");
    };
    await expect(run.train({ startStep: 1, steps: 2, model: { loss, train: () => {}, inEvalMode: (fn) => fn() }, capture: i % 2 === 0 })).rejects.toThrow("mine");
    count(2, "errors thrown");
  }
  expect(device.memory().liveBytes).toBe(liveBytes);
  run.dispose();
});

fault(27, "Node", "a smaller last batch is computed right, and compiles once, not at every epoch", async () => {
  const device = await testDevice();
  const weight = fromArray(device, [2], { requiresGrad: true });
  const epoch = () => {
    for (let row = 0; row < 1797; row += 64) {
      scope(() => {
        const size = Math.min(64, 1797 - row);
        const x = fromArray(device, Float32Array.from({ length: size }, (_, i) => row + i));
        weight.grad = null;
        backward(sum(mul(x, weight)));
        x.dispose();
      });
    }
  };
  epoch();
  await device.sync();
  const { created } = device.pipelines;
  epoch();
  expect(device.pipelines.created).toBe(created);
  const last = Array.from({ length: 1797 % 64 }, (_, i) => 1797 - (1797 % 64) + i);
  expect(await weight.grad!.item()).toBe(last.reduce((a, b) => a + b, 0));
  weight.dispose();
});

fault(32, "Node", "10 steps, a checkpoint and 10 more are 20 steps, bit for bit: parameters, state, schedule, masks, order of data", async () => {
  const whole = await makeRun();
  await whole.train();
  const first = await makeRun();
  await first.train({ steps: 10 });
  const state = { step: 10, data: { fingerprint: first.data.fingerprint, position: first.data.stateDict() }, generators: { model: first.model.generator.stateDict() } };
  const file = await encodeCheckpoint(first.model, first.optimizer, state);
  first.dispose();

  const second = await makeRun(99);
  const checkpoint = decodeCheckpoint(file);
  restoreCheckpoint(checkpoint, second.model, second.optimizer);
  second.model.generator.loadStateDict(checkpoint.state.generators!.model!);
  second.data.loadStateDict(checkpoint.state.data!.position);
  await second.train({ startStep: 10 });
  expect(second.rows.map(({ loss, lr, gradNorm }) => [loss, lr, gradNorm])).toEqual(whole.rows.slice(10).map(({ loss, lr, gradNorm }) => [loss, lr, gradNorm]));
  expect(await bitsOf(second)).toEqual(await bitsOf(whole));
  expect((await second.optimizer.stateDict()).moments).toEqual((await whole.optimizer.stateDict()).moments);
  second.dispose();
  whole.dispose();
});

fault(39, "Node", "an abort ends training within a step, in every phase, with a consistent state and the memory released", async () => {
  const device = await testDevice();
  const reference = await trajectory({ steps: 8 });
  for (const phase of ["before", "step", "validation", "checkpoint"] as const) {
    const before = device.memory().liveBytes;
    const run = await makeRun();
    const controller = new AbortController();
    if (phase === "before") controller.abort();
    const abort = (when: string) => when === phase && controller.abort();
    const result = await run.train({
      steps: 1000,
      evalEvery: 4,
      evalBatches: 2,
      checkpointEvery: 3,
      signal: controller.signal,
      onStep: (row) => {
        run.rows.push(row);
        if (row.step === 3) abort("step");
      },
      onValidation: ({ step }) => step === 4 && abort("validation"),
      onCheckpoint: ({ step }) => void (step === 3 && abort("checkpoint")),
    });
    expect(result.aborted, phase).toBe(true);
    expect(result.step, phase).toBe(run.rows.length);
    if (phase === "before") expect(result.step).toBe(0);
    // Steps in flight are finished: a few, more on adapters that take a step in less than 50 ms.
    else expect(result.step, phase).toBeLessThanOrEqual(40);
    expect(run.rows.slice(0, 8).map(({ loss }) => loss), `${phase}: the steps taken are those of any run`).toEqual(reference.losses.slice(0, Math.min(8, result.step)));
    run.dispose();
    expect(device.memory().liveBytes, phase).toBe(before);
  }
});

fault(40, "Node", "a second train() of the same model rejects, and the first goes on", async () => {
  const run = await makeRun();
  const first = run.train({ steps: 5 });
  await expect(run.train({ steps: 5 })).rejects.toThrow(UsageError);
  await expect(run.train({ steps: 5 })).rejects.toThrow("being trained already");
  expect((await first).step).toBe(5);
  run.dispose();
});

fault(41, "Node", "five runs with one seed give the same bits, captured and eager, also where one index gets every gradient", async (count) => {
  const first = await trajectory();
  for (const capture of [true, false, true, false]) expect(await trajectory({ capture })).toEqual(first);
  count(5, "runs of the same bits");
  const device = await testDevice();
  const gradients = new Set<string>();
  const random = new Generator(3);
  const cotangent = Float32Array.from(random.uniform(1000 * 8), (value) => value - 0.5);
  for (let i = 0; i < 5; i++) {
    const table = ones(device, [4, 8], { requiresGrad: true });
    scope(() => backward(embedding(table, fromArray(device, new Int32Array(1000).fill(2), { dtype: "i32" })), { gradient: fromArray(device, cotangent, { shape: [1000, 8] }) }));
    gradients.add(String(new Uint32Array((await table.grad!.data()).buffer)));
    table.dispose();
  }
  expect(gradients.size).toBe(1);
});

fault(43, "Node", "dropout masks differ by step and layer, keep the right share, are the same in backward; p = 0 and 1 are exact", async () => {
  const device = await testDevice();
  const generator = new Generator(11);
  const size = 1_000_000;
  const x = ones(device, [size], { requiresGrad: true });
  const masks: Float32Array[] = [];
  for (const p of [0.1, 0.1, 0.5, 0.9]) {
    x.grad = null;
    const y = scope(() => {
      const y = dropout(x, { p, generator });
      backward(y, { gradient: ones(device, [size]) });
      return y.detach();
    });
    const [mask, gradient] = await Promise.all([y.data() as Promise<Float32Array>, x.grad!.data()]);
    y.dispose();
    expect(gradient, "the same mask backward").toEqual(mask);
    const kept = mask.reduce((count, value) => count + (value > 0 ? 1 : 0), 0);
    expect(Math.abs(kept - size * (1 - p)), `p ${p}`).toBeLessThan(4 * Math.sqrt(size * p * (1 - p)));
    const [zero, scale] = [...new Set(mask)].sort();
    expect([zero, new Set(mask).size]).toEqual([0, 2]);
    expect(compare([scale!], [1 / (1 - p)], "arithmetic").worst, `kept values are divided by 1 - ${p}`).toBeLessThanOrEqual(1);
    masks.push(mask);
  }
  const both = masks[0]!.reduce((count, value, i) => count + (value > 0 && masks[1]![i]! > 0 ? 1 : 0), 0);
  expect(Math.abs(both - size * 0.81), "two masks are independent").toBeLessThan(4 * Math.sqrt(size * 0.81 * 0.19));
  for (const [p, value] of [[0, 1], [1, 0]] as const) {
    const y = scope(() => dropout(x, { p, generator }));
    expect(new Set(await y.data())).toEqual(new Set([value]));
    y.dispose();
  }
  x.dispose();
});

fault(44, "Node", "speed is told only once results are there, and leaves out the steps that compile", async () => {
  const run = await makeRun();
  const started = performance.now();
  await run.train({ steps: 40 });
  const seconds = (performance.now() - started) / 1000;
  expect(run.rows[0]!.tokensPerSecond).toBe(0);
  const tokens = 4 * 8;
  const told = run.rows.at(-1)!.tokensPerSecond;
  expect(told).toBeGreaterThan(0);
  // Forty steps cannot have been faster than the wall clock allows all of them: a queue's speed would be.
  expect(told).toBeLessThan((20 * 40 * tokens) / seconds);
  run.dispose();
});
