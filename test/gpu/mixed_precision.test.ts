// Whole models in mixed precision: that they learn as in f32, recover from overflow, and cost what they should.
import { beforeAll, describe, expect, it } from "vitest";
import { text } from "../../src/data/index.js";
import { FeatureError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import { GPT, type GPTOptions } from "../../src/nn/index.js";
import { AdamW, type LossScale } from "../../src/optim/index.js";
import { cosine, warmup } from "../../src/schedule/index.js";
import { train, type Precision, type StepMetrics, type TrainOptions } from "../../src/train/index.js";
import { testDevice } from "../support/device.js";
import { hasHalf, itInHalf } from "../support/half.js";
import { instrument } from "../support/instrumented_device.js";

const source = Array.from({ length: 400 }, (_, i) => `line ${i} of ${(i * 7919) % 1000}: the quick brown fox jumps over ${["a", "the", "no"][i % 3]} lazy ${["dog", "cat", "hen", "cow"][(i * i) % 4]}.`).join("\n");
const sizes: Omit<GPTOptions, "seed" | "vocab"> = { layers: 2, heads: 2, width: 32, block: 16, bias: false, init: "scaled" };

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

interface Run {
  losses: number[];
  metrics: StepMetrics[];
  /** Of the optimizer, at the end. */
  lossScale: number;
  skipped: number;
  validation: number;
  /** The same parameters have the same. */
  weights: number[];
}

interface Settings extends Partial<Pick<TrainOptions, "capture" | "accumulate">> {
  precision: Precision;
  seed?: number;
  steps?: number;
  lossScale?: LossScale | null;
  model?: Partial<GPTOptions>;
}

async function run({ precision, seed = 1, steps = 220, lossScale = precision === "f16" ? "dynamic" : null, model: changes = {}, ...options }: Settings): Promise<Run> {
  const data = text.characters(source, { block: 16, batch: 8, seed });
  const model = new GPT(device, { ...sizes, ...changes, vocab: data.vocab.size, seed });
  const lr = warmup({ steps: 20, to: 4e-3 }).then(cosine({ from: 4e-3, to: 4e-4, steps: 200 }));
  const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr, clipNorm: 1, lossScale });
  const metrics: StepMetrics[] = [];
  const result = await train({ device, model, optimizer, data, steps, precision, evalEvery: steps, evalBatches: 2, onStep: (one) => metrics.push(one), ...options });
  const weights = (await Promise.all(model.parameters().map((parameter) => parameter.data()))).flatMap((values) => [...values]);
  const { lossScale: scale } = await optimizer.stats();
  optimizer.dispose();
  model.dispose();
  return { losses: metrics.map(({ loss }) => loss), metrics, lossScale: scale, skipped: result.skipped, validation: result.bestValidationLoss!, weights };
}

/** Means of 20 steps each. */
const windows = (losses: number[]): number[] => Array.from({ length: Math.floor(losses.length / 20) }, (_, i) => losses.slice(20 * i, 20 * i + 20).reduce((sum, loss) => sum + loss, 0) / 20);

function deviation(values: number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

describe("training in mixed precision", () => {
  itInHalf("has the loss curve of f32, far within what another seed changes", async () => {
    const f32: number[][] = [];
    for (const seed of [1, 2, 3]) f32.push(windows((await run({ precision: "f32", seed })).losses));
    const half = await run({ precision: "f16", seed: 1 });
    expect(half.skipped).toBe(0);
    // It learns: from the uniform guess to well below.
    expect(f32[0]!.at(-1)!).toBeLessThan(0.6 * f32[0]!.at(0)!);
    windows(half.losses).forEach((loss, i) => {
      const spread = deviation(f32.map((curve) => curve[i]!));
      expect(Math.abs(loss - f32[0]![i]!), `steps ${20 * i} on: ${loss} and ${f32[0]![i]}, seeds deviate by ${spread}`).toBeLessThan(0.2 * spread);
    });
  });

  itInHalf("recovers from a loss scale that overflows: skips, backs off, grows again, and learns", async () => {
    const forced = await run({ precision: "f16", steps: 120, lossScale: { init: 2 ** 24, growthInterval: 15 } });
    const plain = await run({ precision: "f32", steps: 120 });
    const skippedAt = forced.metrics.flatMap(({ skipped }, i) => (skipped ? [i] : []));
    // At once, and again when it has grown too far.
    expect(skippedAt[0]).toBe(0);
    expect(skippedAt.filter((step) => step > 20).length).toBeGreaterThan(0);
    expect(forced.skipped).toBeLessThan(30);
    expect(forced.lossScale).toBeLessThan(2 ** 24);
    expect(windows(forced.losses).at(-1)!).toBeLessThan(1.1 * windows(plain.losses).at(-1)!);
    expect(forced.weights.every(Number.isFinite)).toBe(true);
  });

  itInHalf("without a loss scale loses the small gradients that the scale keeps", async () => {
    const gradients = async (lossScale: LossScale | null) => (await run({ precision: "f16", steps: 1, lossScale })).metrics[0]!.gradNorm;
    const [full, scaled, plain] = [(await run({ precision: "f32", steps: 1 })).metrics[0]!.gradNorm, await gradients("dynamic"), await gradients(null)];
    expect(Math.abs(scaled / full - 1)).toBeLessThan(2e-3);
    expect(Math.abs(plain / full - 1)).toBeGreaterThan(Math.abs(scaled / full - 1));
  });

  itInHalf("gives the same bits captured, eager and repeated", async () => {
    const eager = await run({ precision: "f16", steps: 12, capture: false });
    const captured = await run({ precision: "f16", steps: 12, capture: true });
    expect(captured.weights).toEqual(eager.weights);
    expect(captured.losses).toEqual(eager.losses);
    expect((await run({ precision: "f16", steps: 12 })).weights).toEqual(eager.weights);
  });

  itInHalf("gives the same bits with activation checkpointing, which computes again in the same precision", async () => {
    const plain = await run({ precision: "f16", steps: 6, model: { dropout: 0.1 } });
    const checkpointed = await run({ precision: "f16", steps: 6, model: { dropout: 0.1, activationCheckpointing: true } });
    expect(checkpointed.losses).toEqual(plain.losses);
    expect(checkpointed.weights).toEqual(plain.weights);
  });

  for (const [name, model] of [
    ["post-norm, dropout, biases", { norm: "post", dropout: 0.1, bias: true }],
    ["RMS norm, SiLU, untied", { normType: "rms", activation: "silu", tied: false }],
    ["no norms, widths that are no multiple of 4", { normType: "none", width: 30, heads: 3, mlpRatio: 1.5, activation: "relu" }],
  ] as [string, Partial<GPTOptions>][]) {
    itInHalf(`follows f32 for another model: ${name}`, async () => {
      const half = await run({ precision: "f16", steps: 12, model, accumulate: 2 });
      const full = await run({ precision: "f32", steps: 12, model, accumulate: 2 });
      half.losses.forEach((loss, i) => expect(Math.abs(loss / full.losses[i]! - 1), `step ${i}: ${loss} and ${full.losses[i]}`).toBeLessThan(5e-3));
      expect(Math.abs(half.validation / full.validation - 1)).toBeLessThan(5e-3);
    });
  }

  itInHalf("keeps parameters, gradients and the optimizer's state in f32", async () => {
    const data = text.characters(source, { block: 16, batch: 2, seed: 1 });
    const model = new GPT(device, { ...sizes, vocab: data.vocab.size, seed: 1 });
    const optimizer = new AdamW(model.parameters(), { lr: 1e-3, lossScale: "dynamic" });
    await train({ device, model, optimizer, data, steps: 2, precision: "f16" });
    for (const parameter of model.parameters()) expect([parameter.dtype, parameter.grad!.dtype]).toEqual(["f32", "f32"]);
    const { moments } = await optimizer.stateDict();
    // Values that f16 does not have.
    expect(moments.v!.some((values) => values.some((value) => value > 0 && value < 2 ** -25))).toBe(true);
    optimizer.dispose();
    model.dispose();
  });

  itInHalf("costs a few dispatches more a step, less memory, and creates nothing after the first steps", async () => {
    const cost = async (precision: Precision) => {
      const data = text.characters(source, { block: 16, batch: 8, seed: 1 });
      const model = new GPT(device, { ...sizes, vocab: data.vocab.size, seed: 1 });
      const optimizer = new AdamW(model.parameters(), { lr: 1e-3, lossScale: precision === "f16" ? "dynamic" : null });
      const steps = (count: number) => train({ device, model, optimizer, data, steps: count, precision });
      await steps(3);
      const before = { ...device.queue.counts, pipelines: device.pipelines.created };
      const calls = instrument(device);
      device.pool.resetPeak();
      await steps(13);
      const dispatches = (device.queue.counts.dispatches - before.dispatches) / 13;
      const bytes = device.memory().peakBytes;
      optimizer.dispose();
      model.dispose();
      device.pool.trim();
      expect([calls.createComputePipeline, device.pipelines.created - before.pipelines]).toEqual([0, 0]);
      return { dispatches, bytes };
    };
    const [full, half] = [await cost("f32"), await cost("f16")];
    // The parameters' conversion, the loss's scaling there and back, and cross-entropy's scaling.
    expect(half.dispatches - full.dispatches).toBeLessThanOrEqual(4.01);
    expect(half.bytes).toBeLessThan(full.bytes);
  });

  it("is refused by an adapter without f16, before anything is trained", async () => {
    if (hasHalf(device)) return;
    await expect(run({ precision: "f16", steps: 1, lossScale: null })).rejects.toThrow(FeatureError);
    await expect(run({ precision: "f16", steps: 1, lossScale: null })).rejects.toThrow(/train: f16 needs the WebGPU feature "shader-f16", which this adapter lacks, got .*SwiftShader/);
  });

  it("refuses another precision", async () => {
    await expect(run({ precision: "bf16" as Precision, steps: 1 })).rejects.toThrow('train: precision must be "f32" or "f16", got "bf16"');
  });
});
