// A whole GPT against a float64 one: logits, loss, every gradient, and twenty steps of training.
import { describe, expect, it } from "vitest";
import type { Device } from "../../src/gpu/device.js";
import { GPT, type GPTOptions } from "../../src/nn/index.js";
import { fromArray, zeros } from "../../src/ops/index.js";
import { AdamW } from "../../src/optim/index.js";
import { cosine, warmup } from "../../src/schedule/index.js";
import { Generator } from "../../src/tensor/random.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { noGrad } from "../../src/tensor/tape.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import {
  drawBatch,
  drawParameters,
  parameterShapes,
  ReferenceAdamW,
  runReference,
  warmupThenCosine,
  type Batch,
  type ReferenceConfig,
  type Values,
} from "../support/gpt_reference.js";
import { withoutLeak } from "../support/leak_check.js";
import { compare, compareNorms } from "../support/tolerances.js";

const sizes = { layers: 2, heads: 4, width: 32, block: 16, vocab: 29 };
const preNorm: ReferenceConfig = { ...sizes, tied: true, activation: "gelu", norm: "pre" };
const postNorm: ReferenceConfig = { ...sizes, tied: false, activation: "relu", norm: "post" };
const configs: ReferenceConfig[] = [preNorm, postNorm, { ...sizes, tied: true, activation: "gelu_tanh", norm: "pre" }];

function loadedModel(device: Device, config: ReferenceConfig, parameters: Values): GPT {
  const model = new GPT(device, { ...config, seed: 1 });
  const shapes = new Map(parameterShapes(config));
  model.loadStateDict(Object.fromEntries([...parameters].map(([name, data]) => [name, { shape: shapes.get(name)!, data }])));
  return model;
}

function upload(device: Device, { batch, seq, tokens, targets }: Batch): { tokens: Tensor; targets: Tensor } {
  const put = (values: Int32Array) => fromArray(device, values, { shape: [batch, seq], dtype: "i32" });
  return { tokens: put(tokens), targets: put(targets) };
}

/** Element by element, and as a whole. */
function expectModel(what: string, got: ArrayLike<number>, want: ArrayLike<number>): void {
  for (const { worst, message } of [compare(got, want, "model"), compareNorms(got, want, "model")]) expect(worst, `${what}: ${message}`).toBeLessThanOrEqual(1);
}

describe("GPT against float64", () => {
  it.each(configs)("$norm norm, $activation, tied $tied: logits, loss and all gradients", (config) =>
    withoutLeak(async (device) => {
      const parameters = drawParameters(config, 11);
      // Shorter than the block, so that the positions are a slice.
      const batch = drawBatch(config, 3, 13, 12);
      const want = runReference(config, parameters, batch);
      const model = loadedModel(device, config, parameters);
      const { logits, loss } = scope(() => {
        const { tokens, targets } = upload(device, batch);
        const loss = model.loss(tokens, targets);
        backward(loss);
        return { logits: noGrad(() => model.forward(tokens)), loss: loss.detach() };
      });
      expect(logits.shape).toEqual([3, 13, 29]);
      expectModel("logits", await logits.data(), want.logits);
      expectModel("loss", await loss.data(), [want.loss]);
      for (const [name, parameter] of model.namedParameters()) {
        expect(parameter.grad, `${name} has a gradient`).not.toBeNull();
        expectModel(name, await parameter.grad!.data(), want.gradients.get(name)!);
      }
      for (const tensor of [logits, loss]) tensor.dispose();
      model.dispose();
    }),
  );

  it.each([preNorm, postNorm])("$norm norm: twenty steps of AdamW with warmup, cosine and clipping", (config) =>
    withoutLeak(async (device) => {
      const steps = 20;
      const rate = { peak: 3e-3, floor: 3e-4, warmup: 5, total: steps };
      // An eps well above f32's noise: the gradient of a key's bias is zero in exact arithmetic.
      const options = { betas: [0.9, 0.99] as [number, number], eps: 1e-5, clipNorm: 1 };
      const parameters = drawParameters(config, 21);
      const reference = new ReferenceAdamW(new Map(parameterShapes(config)), { ...options, weightDecay: 0.1 });
      const model = loadedModel(device, config, parameters);
      const lr = warmup({ steps: rate.warmup, to: rate.peak, convention: "llmc" }).then(cosine({ to: rate.floor, steps: steps - rate.warmup }));
      const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr, ...options });
      const norms: number[] = [];
      const losses: Tensor[] = [];
      const wanted: number[] = [];
      for (let t = 0; t < steps; t++) {
        const batch = drawBatch(config, 2, 16, 100 + (t % 4));
        const want = runReference(config, parameters, batch);
        wanted.push(want.loss);
        norms.push(reference.step(parameters, want.gradients, warmupThenCosine(t, rate)));
        losses.push(
          scope(() => {
            optimizer.zeroGrad();
            const { tokens, targets } = upload(device, batch);
            const loss = model.loss(tokens, targets);
            backward(loss);
            optimizer.step();
            return loss;
          }),
        );
      }
      const got = await Promise.all(losses.map((loss) => loss.item()));
      got.forEach((loss, t) => expectModel(`loss at step ${t}`, [loss], [wanted[t]!]));
      for (const [name, parameter] of model.namedParameters()) expectModel(name, await parameter.data(), parameters.get(name)!);
      const clipped = norms.filter((norm) => norm > options.clipNorm).length;
      expect(clipped, "steps that were clipped").toBeGreaterThan(0);
      expect((await optimizer.stats()).clipped).toBe(clipped);
      for (const loss of losses) loss.dispose();
      optimizer.dispose();
      model.dispose();
    }),
  );
});

describe("GPT", () => {
  const options: GPTOptions = { layers: 2, heads: 2, width: 16, block: 8, vocab: 11 };

  it("has nanoGPT's parameter names and shapes, the tied head once", () =>
    withoutLeak((device) => {
      const config: ReferenceConfig = { ...options, tied: true, activation: "gelu", norm: "pre" };
      const model = new GPT(device, options);
      const named = (model: GPT) => [...model.namedParameters()].map(([name, { shape }]) => [name, [...shape]]);
      expect(named(model)).toEqual(parameterShapes(config));
      const untied = new GPT(device, { ...options, tied: false });
      expect(named(untied)).toEqual(parameterShapes({ ...config, tied: false }));
      expect(untied.parameterCount()).toBe(model.parameterCount() + 11 * 16);
      const bare = new GPT(device, { ...options, bias: false });
      expect([...bare.namedParameters().keys()].filter((name) => name.endsWith("bias"))).toEqual([]);
      const rms = new GPT(device, { ...options, normType: "none", norm: "post" });
      expect([...rms.namedParameters().keys()].filter((name) => name.includes("ln_"))).toEqual([]);
      for (const made of [model, untied, bare, rms]) made.dispose();
    }));

  it("starts as GPT-2 does: std 0.02, residual projections less, biases 0, norms 1, a loss near log(vocab)", () =>
    withoutLeak(async (device) => {
      const model = new GPT(device, { layers: 2, heads: 2, width: 64, block: 8, vocab: 64, seed: 4 });
      const stds = { gpt2: 0.02, projection: 0.02 / 2 };
      for (const [name, parameter] of model.namedParameters()) {
        const values = await parameter.data();
        if (name.endsWith("bias")) expect(values.every((value) => value === 0), name).toBe(true);
        else if (name.includes("ln_")) expect(values.every((value) => value === 1), name).toBe(true);
        else {
          const std = Math.sqrt((values as Float32Array).reduce((total, value) => total + value * value, 0) / values.length);
          const want = name.endsWith("c_proj.weight") ? stds.projection : stds.gpt2;
          expect(Math.abs(std / want - 1), name).toBeLessThan(5 / Math.sqrt(2 * values.length));
        }
      }
      const loss = scope(() => {
        const { tokens, targets } = upload(device, drawBatch({ ...preNorm, vocab: 64 }, 4, 8, 1));
        return noGrad(() => model.loss(tokens, targets));
      });
      expect(await loss.item()).toBeCloseTo(Math.log(64), 1);
      loss.dispose();
      model.dispose();
    }));

  it('init "scaled" keeps logits of order one at any width', () =>
    withoutLeak(async (device) => {
      for (const width of [16, 128]) {
        const model = new GPT(device, { ...options, width, init: "scaled", seed: 2 });
        const logits = scope(() => model.forward(fromArray(device, [1, 2, 3, 4], { shape: [1, 4], dtype: "i32" })).detach());
        const values = (await logits.data()) as Float32Array;
        const scale = Math.sqrt(values.reduce((total, value) => total + value * value, 0) / values.length);
        expect(scale).toBeGreaterThan(0.5);
        expect(scale).toBeLessThan(2);
        logits.dispose();
        model.dispose();
      }
    }));

  it("repeats from a seed, dropout included, and drops nothing in eval mode", () =>
    withoutLeak(async (device) => {
      const [a, b] = [9, 9].map((seed) => new GPT(device, { ...options, dropout: 0.3, seed })) as [GPT, GPT];
      const tokens = fromArray(device, [1, 2, 3, 4, 5, 6], { shape: [2, 3], dtype: "i32" });
      const forward = async (model: GPT) => {
        const logits = noGrad(() => model.forward(tokens));
        const values = await logits.data();
        logits.dispose();
        return values;
      };
      const first = await forward(a);
      expect(await forward(b)).toEqual(first);
      expect(await forward(a)).not.toEqual(first);
      a.eval();
      b.eval();
      expect(await forward(a)).toEqual(await forward(b));
      expect(a.generator).toBeInstanceOf(Generator);
      tokens.dispose();
      a.dispose();
      b.dispose();
    }));

  it("says what it was built with", () =>
    withoutLeak((device) => {
      const model = new GPT(device, { ...options, dropout: 0.1, seed: 1 });
      expect(model.config).toEqual({ ...options, dropout: 0.1, bias: true, tied: true, activation: "gelu", norm: "pre", normType: "layer", mlpRatio: 4, activationCheckpointing: false, init: "gpt2" });
      expect(JSON.parse(JSON.stringify(model.config))).toEqual(model.config);
      model.dispose();
    }));

  it("refuses bad options and bad input in one line, without leaving memory behind", () =>
    withoutLeak((device) => {
      const bad: [Partial<GPTOptions> & Record<string, unknown>, string][] = [
        [{ width: 65, heads: 4 }, "GPT: width must be a multiple of heads, got width 65 and heads 4; use width 68"],
        [{ layers: 0 }, "GPT: layers must be a whole number >= 1, got 0"],
        [{ vocab: 1.5 }, "GPT: vocab must be a whole number >= 1, got 1.5"],
        [{ dropout: 1 }, "GPT: dropout must be a finite number >= 0 and < 1, got 1"],
        [{ activation: "swish" as "silu" }, 'GPT: unknown activation, got "swish"'],
        [{ norm: "mid" as "pre" }, 'GPT: norm must be "pre" or "post", got "mid"'],
        [{ normType: "batch" as "rms" }, 'GPT: normType must be layer, rms, none, got "batch"'],
        [{ mlpRatio: 0 }, "GPT: mlpRatio must be a finite number > 0, got 0"],
        [{ init: "xavier" as "gpt2" }, 'GPT: init must be "gpt2" or "scaled", got "xavier"'],
        [{ tied: 1 as unknown as boolean }, "GPT: tied must be true or false, got 1"],
        [{ n_layer: 3 }, 'GPT: unknown option "n_layer"; known options: layers, heads, width'],
        [{ seed: 1, generator: new Generator(1) }, "GPT: give generator or seed, not both"],
      ];
      for (const [change, message] of bad) expect(() => new GPT(device, { ...options, ...change })).toThrow(message);
      const model = new GPT(device, options);
      const tokens = (shape: number[], dtype: "i32" | "f32" = "i32") => zeros(device, shape, { dtype });
      scope(() => {
        expect(() => model.forward([[1, 2]] as never)).toThrow("GPT: tokens must be a tensor, got object; make one with tensor()");
        expect(() => new GPT(device, undefined as never)).toThrow("GPT: needs a device and options, got no options");
        expect(() => model.forward(tokens([1, 9]))).toThrow("GPT: the sequence is longer than the block, got 9 tokens for a block of 8; crop it, or build a model with a larger block");
        expect(() => model.forward(tokens([4]))).toThrow("GPT: tokens must be [batch, seq], got [4]");
        expect(() => model.forward(tokens([1, 0]))).toThrow("GPT: tokens are empty, got [1, 0]");
        expect(() => model.forward(tokens([1, 4], "f32"))).toThrow("GPT: tokens must be i32 or u32, got f32");
        expect(() => model.loss(tokens([1, 4]), tokens([1, 5]))).toThrow("crossEntropy");
      });
      model.dispose();
    }));

  it("a token outside the vocabulary surfaces at the next read", () =>
    withoutLeak(async (device) => {
      const model = new GPT(device, options);
      const logits = scope(() => noGrad(() => model.forward(fromArray(device, [0, 11], { shape: [1, 2], dtype: "i32" }))));
      await expect(logits.data()).rejects.toThrow("11");
      logits.dispose();
      model.dispose();
    }));

  it("a forward pass keeps its output only; a training step leaves nothing behind", () =>
    withoutLeak((device) => {
      const model = new GPT(device, { ...options, dropout: 0.1, seed: 1 });
      const tokens = zeros(device, [2, 8], { dtype: "i32" });
      const before = device.memory().liveBuffers;
      const logits = noGrad(() => model.forward(tokens));
      expect(device.memory().liveBuffers).toBe(before + 1);
      logits.dispose();
      const abandoned = model.loss(tokens, tokens);
      abandoned.dispose();
      expect(device.memory().liveBuffers, "after a loss that never saw backward").toBe(before);
      tokens.dispose();
      model.dispose();
    }));
});
