// Models whose dropout rate and BatchNorm momentum change while they train.
import { describe, expect, it } from "vitest";
import type { Device } from "../../src/gpu/device.js";
import * as nn from "../../src/nn/index.js";
import { fromArray, full, randn, zeros } from "../../src/ops/creation.js";
import { crossEntropy } from "../../src/ops/index.js";
import { SGD } from "../../src/optim/index.js";
import { linear } from "../../src/schedule/index.js";
import { Generator } from "../../src/tensor/random.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { noGrad } from "../../src/tensor/tape.js";
import { withoutLeak } from "../support/leak_check.js";
import { bits, made, type Scalar } from "../support/scalars.js";

describe("nn.setDropout and nn.setBatchNormMomentum", () => {
  const options = { layers: 2, heads: 2, width: 16, block: 8, vocab: 13 };

  it("reach every dropout of a GPT: the same losses and gradients as a model built with the number", () =>
    withoutLeak(async (device) => {
      using tokens = fromArray(device, Array.from({ length: 16 }, (_, i) => (i * 5) % 13), { shape: [2, 8], dtype: "i32" });
      using held = full(device, [], 0.3);
      const run = async (built: number, set: Scalar | null): Promise<number[]> => {
        const model = new nn.GPT(device, { ...options, dropout: built, seed: 4 });
        if (set !== null) nn.setDropout(model, set);
        const parts: number[] = [];
        for (let step = 0; step < 2; step++) {
          const loss = model.loss(tokens, tokens);
          backward(loss);
          parts.push(...(await bits(loss)));
          loss.dispose();
        }
        parts.push(...(await bits(...model.parameters().map(({ grad }) => grad!))), model.generator.stateDict().offset);
        model.eval();
        using logits = noGrad(() => model.forward(tokens));
        parts.push(...(await bits(logits)));
        model.dispose();
        return parts;
      };
      const want = await run(0.3, null);
      expect(await run(0.3, held)).toEqual(want);
      expect(await run(0, held)).toEqual(want);
      expect(await run(0.5, 0.3)).toEqual(want);
      expect(await run(0, null)).not.toEqual(want);
    }));

  it("turn off what they set to 0, and take back a number", () =>
    withoutLeak(async (device) => {
      using tokens = fromArray(device, [1, 2, 3, 4], { shape: [1, 4], dtype: "i32" });
      using zero = zeros(device, [1]);
      const model = new nn.GPT(device, { ...options, dropout: 0.5, seed: 4 });
      const logits = async (): Promise<number[]> => {
        using y = noGrad(() => model.forward(tokens));
        return await bits(y);
      };
      const dropped = await logits();
      nn.setDropout(model, zero);
      const still = await logits();
      expect(await logits()).toEqual(still);
      nn.setDropout(model, 0.5);
      model.generator.loadStateDict({ ...model.generator.stateDict(), offset: model.generator.stateDict().offset - 21 });
      expect(await logits()).toEqual(dropped);
      expect(await logits()).not.toEqual(dropped);
      model.dispose();
    }));

  it("set layers inside of others, numbers and tensors, and read them back", () =>
    withoutLeak((device) => {
      const [first, second] = [new nn.Dropout(0.1), new nn.Dropout(0.2)];
      const norms = [new nn.BatchNorm1d(device, 2), new nn.BatchNorm1d(device, 2, { momentum: 0.3 })] as const;
      const model = new nn.Sequential(first, norms[0], new nn.Sequential(new nn.Linear(device, 2, 2), norms[1], second));
      using held = full(device, [1], 0.5);
      for (const value of [0.25, held, 1]) {
        nn.setDropout(model, value);
        nn.setBatchNormMomentum(model, value);
        expect([first.p, second.p, norms[0].momentum, norms[1].momentum]).toEqual([value, value, value, value]);
      }
      model.dispose();
    }));

  it("refuse what they cannot set, and set nothing then", () =>
    withoutLeak((device) => {
      const plain = new nn.Linear(device, 2, 2);
      const layer = new nn.Dropout(0.1);
      const model = new nn.Sequential(layer, new nn.Linear(device, 2, 2));
      using two = zeros(device, [2]);
      expect(() => nn.setDropout(plain, 0.1)).toThrow("setDropout: the model has no Dropout layer, got Linear");
      expect(() => nn.setBatchNormMomentum(model, 0.1)).toThrow("setBatchNormMomentum: the model has no BatchNorm layer, got Sequential");
      expect(() => nn.setDropout({} as never, 0.1)).toThrow("setDropout: the first argument must be a module, got object");
      expect(() => nn.setDropout(model, 1.1)).toThrow("setDropout: p must be a finite number >= 0 and <= 1, got 1.1");
      expect(() => nn.setDropout(model, two)).toThrow("setDropout: p must be a number or a tensor of one element, got [2]");
      expect(() => (layer.p = NaN)).toThrow("Dropout: p must be a finite number >= 0 and <= 1, got NaN");
      expect(layer.p).toBe(0.1);
      plain.dispose();
      model.dispose();
    }));
});

describe("training with a dropout rate and a momentum that change each step", () => {
  const steps = 30;
  const rate = linear({ from: 0, to: 0.4, steps });
  const share = linear({ from: 1, to: 0.05, steps });
  type Way = "numbers" | "tensors" | "optimizer";

  /** A classifier of vectors. Rate and momentum are numbers, tensors that the host rewrites, or the optimizer's own. */
  async function train(device: Device, way: Way): Promise<{ bits: number[]; losses: number[]; made: number[][] }> {
    const generator = new Generator(2);
    const norm = new nn.BatchNorm1d(device, 16);
    const model = new nn.Sequential(
      ...[new nn.Linear(device, 8, 16, { generator }), norm, new nn.ReLU()],
      ...[new nn.Dropout(0, { generator }), new nn.Linear(device, 16, 3, { generator })],
    );
    const optimizer = new SGD(model.parameters(), { lr: 0.2 });
    const set = (p: Scalar, momentum: Scalar): void => {
      nn.setDropout(model, p);
      nn.setBatchNormMomentum(model, momentum);
    };
    using p = zeros(device, []);
    using momentum = zeros(device, []);
    if (way === "tensors") set(p, momentum);
    if (way === "optimizer") set(optimizer.scalar("dropout", rate, { min: 0, max: 1 }), optimizer.scalar("momentum", share, { min: 0, max: 1 }));
    using inputs = randn(device, [96, 8], { seed: 5 });
    const values = await inputs.data();
    using targets = fromArray(device, Array.from({ length: 96 }, (_, i) => (values[8 * i]! > 0.4 ? 0 : values[8 * i + 1]! > 0 ? 1 : 2)), { dtype: "i32" });
    const losses: number[] = [];
    const counts: number[][] = [];
    for (let step = 0; step < steps; step++) {
      if (way === "tensors") {
        p.set([rate.at(step)]);
        momentum.set([share.at(step)]);
      } else if (way === "numbers") {
        set(rate.at(step), share.at(step));
      }
      const loss = scope(() => {
        optimizer.zeroGrad();
        const loss = crossEntropy(model.forward(inputs), targets);
        backward(loss);
        optimizer.step();
        return loss;
      });
      losses.push(await loss.item());
      loss.dispose();
      counts.push(made(device));
    }
    const result = await bits(...model.parameters(), norm.runningMean, norm.runningVar);
    optimizer.dispose();
    model.dispose();
    return { bits: result, losses, made: counts };
  }

  it.each(["tensors", "optimizer"] as const)("by %s: learns, makes nothing after its first steps, and is the run by numbers bit for bit", (way) =>
    withoutLeak(async (device) => {
      const driven = await train(device, way);
      expect(driven.losses.at(-1)).toBeLessThan(0.7 * driven.losses[0]!);
      expect(driven.made.slice(2)).toEqual(driven.made.slice(2).map(() => driven.made[2]));
      const numbers = await train(device, "numbers");
      expect(driven.losses).toEqual(numbers.losses);
      expect(driven.bits).toEqual(numbers.bits);
    }));
});
