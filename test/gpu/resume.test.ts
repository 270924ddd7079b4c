import { describe, expect, it } from "vitest";
import { text, type TokenBatch } from "../../src/data/index.js";
import type { Device } from "../../src/gpu/device.js";
import { GPT } from "../../src/nn/index.js";
import { AdamW } from "../../src/optim/index.js";
import { cosine, warmup } from "../../src/schedule/index.js";
import { Generator } from "../../src/tensor/random.js";
import { decodeCheckpoint, encodeCheckpoint, restoreCheckpoint, train, type StepMetrics } from "../../src/train/index.js";
import { testDevice } from "../support/device.js";

const source = Array.from({ length: 2000 }, (_, i) => "abcdefghijklmnop"[(i * i + (i >> 3)) % 16]).join("");

/** A run's parts, its model with dropout on, and what it did. */
function makeRun(device: Device, seed: number) {
  const data = text.characters(source, { block: 16, batch: 4, seed });
  const generator = new Generator(seed);
  const model = new GPT(device, { layers: 2, heads: 2, width: 32, block: 16, vocab: 16, dropout: 0.2, generator });
  const lr = warmup({ steps: 5, to: 1e-2, convention: "nanogpt" }).then(cosine({ steps: 15, to: 1e-3 }));
  const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr, betas: [0.9, 0.99], clipNorm: 1 });
  const batches: TokenBatch[] = [];
  const metrics: Omit<StepMetrics, "tokensPerSecond">[] = [];
  const validations: number[] = [];
  const run = (startStep: number, steps: number) =>
    train({
      device,
      model,
      optimizer,
      data: {
        next: () => {
          const batch = data.next();
          batches.push(batch);
          return batch;
        },
        validationBatches: (count) => data.validationBatches(count),
      },
      startStep,
      steps,
      evalEvery: 5,
      evalBatches: 2,
      onStep: ({ tokensPerSecond: _, ...rest }) => metrics.push(rest),
      onValidation: ({ validationLoss }) => validations.push(validationLoss),
    });
  return { data, generator, model, optimizer, batches, metrics, validations, run };
}

async function finalState({ model, optimizer }: ReturnType<typeof makeRun>) {
  const parameters = Object.entries(model.stateDict()).map(async ([name, tensor]) => [name, [...new Uint32Array((await tensor.data()).buffer)]] as const);
  return { parameters: Object.fromEntries(await Promise.all(parameters)), optimizer: await optimizer.stateDict() };
}

describe("resume", () => {
  it("10 steps, a checkpoint and 10 more are the same bits as 20 steps", async () => {
    const device = await testDevice();
    const whole = makeRun(device, 3);
    await whole.run(0, 20);

    const first = makeRun(device, 3);
    await first.run(0, 10);
    const bytes = await encodeCheckpoint(first.model, first.optimizer, {
      step: 10,
      data: { fingerprint: first.data.fingerprint, position: first.data.stateDict() },
      generators: { model: first.generator.stateDict() },
    });

    // Another seed: everything must come from the checkpoint.
    const second = makeRun(device, 4);
    const checkpoint = decodeCheckpoint(bytes);
    restoreCheckpoint(checkpoint, second.model, second.optimizer);
    second.generator.loadStateDict(checkpoint.state.generators!.model!);
    second.data.loadStateDict(checkpoint.state.data!.position);
    await second.run(checkpoint.state.step, 20);

    expect([...first.batches, ...second.batches]).toEqual(whole.batches);
    expect([...first.metrics, ...second.metrics]).toEqual(whole.metrics);
    expect(whole.metrics.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    // Steps 0, 5, 10; then 15, 20: a validation draws nothing from the generators.
    expect([...first.validations, ...second.validations]).toEqual(whole.validations);
    expect(await finalState(second)).toEqual(await finalState(whole));
  });

  it("a run with another dropout mask is another run: the test above can fail", async () => {
    const device = await testDevice();
    const a = makeRun(device, 3);
    const b = makeRun(device, 3);
    await a.run(0, 3);
    b.generator.next();
    await b.run(0, 3);
    expect(b.batches).toEqual(a.batches);
    expect(b.metrics).not.toEqual(a.metrics);
  });
});
