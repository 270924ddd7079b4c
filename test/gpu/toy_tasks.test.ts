import { describe, expect, it } from "vitest";
import { TaskData, text, type TaskName } from "../../src/data/index.js";
import { UsageError } from "../../src/errors.js";
import { generate, GPT } from "../../src/nn/index.js";
import { AdamW } from "../../src/optim/index.js";
import { constant, cosine, warmup } from "../../src/schedule/index.js";
import { exactMatch, train, type TrainOptions, type ValidationMetrics } from "../../src/train/index.js";
import { testDevice } from "../support/device.js";

interface Run {
  size: number;
  block: number;
  layers: number;
  width: number;
  steps: number;
}

async function trained(name: TaskName, { size, block, layers, width, steps }: Run, changes: Partial<TrainOptions> = {}) {
  const device = await testDevice();
  const data = new TaskData(name, { size, block, batch: 32, seed: 1 });
  const model = new GPT(device, { layers, heads: 2, width, block, vocab: data.vocab.size, init: "scaled", seed: 1 });
  const optimizer = new AdamW(model.groups({ weightDecay: 0 }), { lr: warmup({ steps: 20, to: 1e-2 }).then(cosine({ from: 1e-2, to: 1e-4, steps: steps - 20 })), clipNorm: 1 });
  const validations: ValidationMetrics[] = [];
  await train({ device, model, optimizer, data, steps, evalEvery: 50, evalBatches: 2, onValidation: (metrics) => validations.push(metrics), ...changes });
  optimizer.dispose();
  return { device, data, model, validations, exact: validations.map((metrics) => metrics.exactMatch!) };
}

describe("training on a toy task", () => {
  it("learns to copy letters it has not been trained on, all of them", async () => {
    const { model, exact } = await trained("copy", { size: 3, block: 8, layers: 1, width: 32, steps: 300 });
    expect(exact[0]).toBeLessThan(0.1);
    expect(exact.at(-1)).toBe(1);
    model.dispose();
  });

  it("learns parity", async () => {
    const { model, exact, validations } = await trained("parity", { size: 9, block: 18, layers: 2, width: 32, steps: 300 });
    expect(exact[0]).toBeLessThan(0.3);
    expect(exact.at(-1), JSON.stringify(validations)).toBe(1);
    model.dispose();
  });
});

describe("exactMatch", () => {
  it("is the share of answers that decoding token by token gets right", async () => {
    // Stopped when it answers some problems: a few are right, more are wrong in one token or many.
    const { device, data, model, exact } = await trained("sorting", { size: 3, block: 8, layers: 1, width: 32, steps: 50 });
    const batches = data.validationBatches(2);
    const right = await Promise.all(
      Array.from({ length: 64 }, async (_, i) => {
        const { prompt, answer } = data.validationProblem(i);
        return data.vocab.decode(await generate(model, data.vocab.encode(prompt), { maxNewTokens: answer.length, temperature: 0 })) === answer;
      }),
    );
    const share = right.filter(Boolean).length / 64;
    expect(share).toBeGreaterThan(0.05);
    expect(share).toBeLessThan(0.95);
    expect(await exactMatch(device, model, batches)).toBe(share);
    expect(exact.at(-1)).toBe(share);
    const live = device.memory().liveBytes;
    await exactMatch(device, model, batches);
    expect(device.memory().liveBytes).toBe(live);
    model.dispose();
  });

  it("is not measured on text, and needs a model that gives logits", async () => {
    const device = await testDevice();
    const block = 8;
    const data = text.characters("abcdefgh".repeat(40), { block, batch: 4 });
    const model = new GPT(device, { layers: 1, heads: 1, width: 8, block, vocab: 16, seed: 1 });
    const optimizer = new AdamW(model.groups({ weightDecay: 0 }), { lr: constant(1e-3) });
    const seen: ValidationMetrics[] = [];
    const options = { device, model, optimizer, data, steps: 1, evalEvery: 1, evalBatches: 1, onValidation: (metrics: ValidationMetrics) => seen.push(metrics) };
    await train(options);
    expect(seen.map((metrics) => "exactMatch" in metrics)).toEqual([false, false]);
    const { loss, train: mode, inEvalMode } = { loss: model.loss.bind(model), train: model.train.bind(model), inEvalMode: model.inEvalMode.bind(model) };
    await expect(train({ ...options, model: { loss, train: mode, inEvalMode }, data: new TaskData("copy", { size: 2, block, batch: 4 }) })).rejects.toThrow(
      new UsageError("train: these data have answers, which only a model with forward() can give; use nn.GPT, or data without hasAnswers"),
    );
    optimizer.dispose();
    model.dispose();
  });

  it("validates averaged weights where the optimizer keeps them, captured or eager", async () => {
    const device = await testDevice();
    const outcomes = [];
    for (const capture of [true, false]) {
      const data = new TaskData("copy", { size: 2, block: 6, batch: 32, seed: 1 });
      const model = new GPT(device, { layers: 1, heads: 2, width: 16, block: 6, vocab: data.vocab.size, init: "scaled", seed: 1 });
      const optimizer = new AdamW(model.groups({ weightDecay: 0 }), { lr: constant(1e-2), emaDecay: 0.98 });
      let exact = NaN;
      await train({ device, model, optimizer, data, steps: 60, evalEvery: 60, evalBatches: 1, capture, onValidation: (metrics) => (exact = metrics.exactMatch!) });
      const batches = data.validationBatches(1);
      expect(await optimizer.withAveragedWeights(() => exactMatch(device, model, batches))).toBe(exact);
      outcomes.push([exact, await exactMatch(device, model, batches)]);
      optimizer.dispose();
      model.dispose();
    }
    expect(outcomes[0]).toEqual(outcomes[1]);
  });
});
