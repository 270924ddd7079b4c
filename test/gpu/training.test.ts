// Whole trainings: nets that must learn, and memory that must stay flat.
import { describe, expect, it } from "vitest";
import type { Device } from "../../src/gpu/device.js";
import * as nn from "../../src/nn/index.js";
import { bceWithLogits, crossEntropy, fromArray } from "../../src/ops/index.js";
import { AdamW, SGD } from "../../src/optim/index.js";
import { cosine, warmup } from "../../src/schedule/index.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { noGrad } from "../../src/tensor/tape.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { withoutLeak } from "../support/leak_check.js";
import { testRandom } from "../support/nd.js";
import { readSharedText } from "../support/shared_data.js";

describe("training", () => {
  it("an MLP learns XOR", () =>
    withoutLeak(async (device) => {
      const model = new nn.Sequential(new nn.Linear(device, 2, 8, { seed: 1 }), new nn.Tanh(), new nn.Linear(device, 8, 1, { seed: 2 }));
      const optimizer = new AdamW(model.groups({ weightDecay: 0 }), { lr: 0.05 });
      const x = fromArray(device, [0, 0, 0, 1, 1, 0, 1, 1], { shape: [4, 2] });
      const target = fromArray(device, [0, 1, 1, 0], { shape: [4, 1] });
      const step = () =>
        scope(() => {
          optimizer.zeroGrad();
          const loss = bceWithLogits(model.forward(x), target);
          backward(loss);
          optimizer.step();
          return loss.detach();
        });
      const first = step();
      expect(await first.item()).toBeGreaterThan(0.5);
      for (let i = 0; i < 200; i++) step().dispose();
      const logits = noGrad(() => scope(() => model.forward(x)));
      expect([...(await logits.data())].map((logit) => (logit > 0 ? 1 : 0))).toEqual([0, 1, 1, 0]);
      for (const tensor of [x, target, first, logits]) tensor.dispose();
      optimizer.dispose();
      model.dispose();
    }));

  it("a BatchNorm net learns the digits", () =>
    withoutLeak(async (device) => {
      const digits = readDigits();
      if (!digits) return;
      const [epochs, batch] = [6, 128];
      const model = new nn.Sequential(
        new nn.Linear(device, 64, 64, { bias: false, seed: 1 }),
        new nn.BatchNorm1d(device, 64),
        new nn.ReLU(),
        new nn.Linear(device, 64, 10, { seed: 2 }),
      );
      const stepsPerEpoch = Math.ceil(digits.labels.length / batch);
      const steps = epochs * stepsPerEpoch;
      const lr = warmup({ steps: 10, to: 0.2 }).then(cosine({ to: 0.01, steps: steps - 10 }));
      const optimizer = new SGD(model.groups({ weightDecay: 1e-4 }), { lr, momentum: 0.9 });
      const before = await accuracy(device, model, digits);
      expect(before).toBeLessThan(0.4);
      const random = testRandom(3);
      for (let epoch = 0; epoch < epochs; epoch++) {
        const order = shuffled(digits.labels.length, random);
        // The last batch is smaller: 1797 = 14 * 128 + 5.
        for (let at = 0; at < order.length; at += batch) trainStep(device, model, optimizer, pick(digits, order.slice(at, at + batch)));
      }
      expect(await accuracy(device, model, digits)).toBeGreaterThan(0.95);
      optimizer.dispose();
      model.dispose();
    }));

  it("memory is flat over 100 steps, and no buffer is made after the second", () =>
    withoutLeak(async (device) => {
      const model = new nn.GPT(device, { layers: 2, heads: 2, width: 16, block: 8, vocab: 13, dropout: 0.1, seed: 1 });
      const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr: warmup({ steps: 50, to: 1e-3 }), clipNorm: 1 });
      const random = testRandom(1);
      const step = async () => {
        const loss = scope(() => {
          optimizer.zeroGrad();
          const tokens = () => fromArray(device, Int32Array.from({ length: 16 }, () => random.integer(13)), { shape: [2, 8], dtype: "i32" });
          const loss = model.loss(tokens(), tokens());
          backward(loss);
          optimizer.step();
          return loss;
        });
        expect(Number.isFinite(await loss.item())).toBe(true);
        loss.dispose();
        return { ...device.memory(), peakBytes: 0, created: device.pool.created };
      };
      await step();
      const settled = await step();
      for (let i = 2; i < 100; i++) expect(await step(), `after step ${i}`).toEqual(settled);
      optimizer.dispose();
      model.dispose();
    }));
});

interface Digits {
  /** 64 pixels each, 0 to 1. */
  images: Float32Array;
  labels: Int32Array;
}

function readDigits(): Digits | null {
  const text = readSharedText("digits.csv");
  if (text === null) return null;
  const rows = text.trim().split("\n").slice(1).map((line) => line.split(",").map(Number));
  return {
    images: Float32Array.from(rows.flatMap((row) => row.slice(0, 64).map((pixel) => pixel / 16))),
    labels: Int32Array.from(rows.map((row) => row[64]!)),
  };
}

function pick({ images, labels }: Digits, order: readonly number[]): Digits {
  return {
    images: Float32Array.from(order.flatMap((i) => [...images.subarray(i * 64, i * 64 + 64)])),
    labels: Int32Array.from(order, (i) => labels[i]!),
  };
}

function upload(device: Device, { images, labels }: Digits): { x: Tensor; target: Tensor } {
  return { x: fromArray(device, images, { shape: [labels.length, 64] }), target: fromArray(device, labels, { dtype: "i32" }) };
}

function trainStep(device: Device, model: nn.Sequential, optimizer: SGD, digits: Digits): void {
  scope(() => {
    optimizer.zeroGrad();
    const { x, target } = upload(device, digits);
    backward(crossEntropy(model.forward(x), target));
    optimizer.step();
  });
}

/** In eval mode: it also judges the running statistics. */
async function accuracy(device: Device, model: nn.Sequential, digits: Digits): Promise<number> {
  const logits = scope(() => noGrad(() => model.inEvalMode(() => model.forward(upload(device, digits).x))));
  const values = await logits.data();
  logits.dispose();
  const right = digits.labels.filter((label, i) => {
    const scores = [...values.subarray(i * 10, i * 10 + 10)];
    return scores.indexOf(Math.max(...scores)) === label;
  });
  return right.length / digits.labels.length;
}

function shuffled(count: number, random: ReturnType<typeof testRandom>): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
