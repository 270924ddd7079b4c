// Generation: the cache changes nothing but the cost, and sampling follows its options.
import { describe, expect, it } from "vitest";
import type { Device } from "../../src/gpu/device.js";
import { describeChoice, generate, GPT, sampleToken, type GenerateOptions, type GPTOptions, type TokenChoice } from "../../src/nn/index.js";
import { fromArray } from "../../src/ops/index.js";
import { Generator } from "../../src/tensor/random.js";
import { scope } from "../../src/tensor/scope.js";
import { noGrad } from "../../src/tensor/tape.js";
import { withoutLeak } from "../support/leak_check.js";
import { testRandom } from "../support/nd.js";
import { compare } from "../support/tolerances.js";

const options: GPTOptions = { layers: 2, heads: 2, width: 24, block: 12, vocab: 17, init: "scaled", seed: 5 };
const prompt = [3, 1, 4, 1, 5];

const row = (device: Device, tokens: readonly number[]) => fromArray(device, tokens, { shape: [1, tokens.length], dtype: "i32" });

describe("the key-value cache", () => {
  it.each([
    ["pre", "layer", 1],
    ["post", "rms", 3],
  ] as const)("%s norm, %s: logits of every position equal those of the whole forward pass", (norm, normType, batch) =>
    withoutLeak(async (device) => {
      const model = new GPT(device, { ...options, norm, normType }).eval();
      const random = testRandom(1);
      const tokens = Array.from({ length: batch }, () => Array.from({ length: 12 }, () => random.integer(17)));
      const upload = (from: number, to: number) => fromArray(device, tokens.flatMap((one) => one.slice(from, to)), { shape: [batch, to - from], dtype: "i32" });
      const whole = scope(() => noGrad(() => model.forward(upload(0, 12))));
      const all = await whole.data();
      const cache = model.createCache(batch);
      // A prompt of four, two at once, then one by one.
      for (const [from, to] of [[0, 4], [4, 6], [6, 7], [7, 8], [8, 9], [9, 10], [10, 11], [11, 12]] as const) {
        const logits = scope(() => noGrad(() => model.lastLogits(upload(from, to), cache)));
        expect(logits.shape).toEqual([batch, 17]);
        const want = tokens.flatMap((_, b) => [...all.subarray((b * 12 + to - 1) * 17, (b * 12 + to) * 17)]);
        const result = compare(await logits.data(), want, "matmul");
        expect(result.worst, `position ${to - 1}: ${result.message}`).toBeLessThanOrEqual(1);
        expect(cache.length).toBe(to);
        logits.dispose();
      }
      expect(() => scope(() => model.lastLogits(upload(0, 1), cache))).toThrow("GPT: the sequence is longer than the block, got 13 tokens for a block of 12");
      cache.dispose();
      whole.dispose();
      model.dispose();
    }),
  );

  it("is for the batch it was made for", () =>
    withoutLeak((device) => {
      const model = new GPT(device, options);
      const cache = model.createCache(2);
      expect(() => scope(() => noGrad(() => model.lastLogits(row(device, [1]), cache)))).toThrow("KeyValueCache: made for a batch of 2, got 1");
      expect(cache.length).toBe(0);
      cache.dispose();
      model.dispose();
    }));
});

describe("generate", () => {
  it("gives the same likeliest tokens with and without the cache, also past the block", () =>
    withoutLeak(async (device) => {
      const model = new GPT(device, options);
      const seen: number[] = [];
      const greedy: GenerateOptions = { maxNewTokens: 20, temperature: 0 };
      const cached = await generate(model, prompt, { ...greedy, onToken: (token) => void seen.push(token) });
      expect(cached).toHaveLength(20);
      expect(seen).toEqual(cached);
      expect(await generate(model, prompt, { ...greedy, cache: false })).toEqual(cached);
      // The definition, as nanoGPT has it: crop to the block, forward, take the best of the last row.
      const tokens = [...prompt];
      for (let i = 0; i < 20; i++) {
        const logits = scope(() => noGrad(() => model.forward(row(device, tokens.slice(-12)))));
        const last = [...(await logits.data())].slice(-17);
        logits.dispose();
        tokens.push(last.indexOf(Math.max(...last)));
      }
      expect(tokens.slice(5)).toEqual(cached);
      expect(new Set(cached).size, "a sequence that is not constant").toBeGreaterThan(1);
      model.dispose();
    }));

  it("top-k 1 and a tiny top-p are the likeliest token; a seed repeats, another differs", () =>
    withoutLeak(async (device) => {
      const model = new GPT(device, options);
      const run = (more: Partial<GenerateOptions>) => generate(model, prompt, { maxNewTokens: 7, ...more });
      const greedy = await run({ temperature: 0 });
      expect(await run({ topK: 1, temperature: 5, seed: 3 })).toEqual(greedy);
      expect(await run({ topP: 1e-9, temperature: 5, seed: 3 })).toEqual(greedy);
      const wild = await run({ temperature: 5, seed: 3 });
      expect(wild).not.toEqual(greedy);
      expect(await run({ temperature: 5, seed: 3 })).toEqual(wild);
      expect(await run({ temperature: 5, seed: 4 })).not.toEqual(wild);
      const generator = new Generator(3);
      expect(await run({ temperature: 5, generator })).toEqual(wild);
      expect(await run({ temperature: 5, generator })).not.toEqual(wild);
      model.dispose();
    }));

  it("tells the probability of each choice and of the likeliest, before temperature and topP, and chooses the same", () =>
    withoutLeak(async (device) => {
      const model = new GPT(device, options);
      const choices: TokenChoice[] = [];
      const sampling = { maxNewTokens: 9, temperature: 3, topP: 0.9, seed: 3 };
      const tokens = await generate(model, prompt, { ...sampling, alternatives: 4, onToken: (_, choice) => void choices.push(choice!) });
      expect(tokens).toEqual(await generate(model, prompt, { ...sampling, onToken: (_, choice) => expect(choice).toBeUndefined() }));
      expect(choices.map(({ token }) => token)).toEqual(tokens);
      const text = [...prompt];
      for (const { token, probability, alternatives } of choices) {
        const logits = scope(() => noGrad(() => model.forward(row(device, text.slice(-12)))));
        const last = [...(await logits.data())].slice(-17);
        logits.dispose();
        const weights = last.map((logit) => Math.exp(logit - Math.max(...last)));
        const want = weights.map((weight) => weight / weights.reduce((a, b) => a + b, 0));
        const order = want.map((_, i) => i).sort((a, b) => want[b]! - want[a]!);
        expect(alternatives.map((other) => other.token)).toEqual(order.slice(0, 4));
        const result = compare([probability, ...alternatives.map((other) => other.probability)], [want[token]!, ...order.slice(0, 4).map((other) => want[other]!)], "model");
        expect(result.worst, result.message).toBeLessThanOrEqual(1);
        text.push(token);
      }
      await expect(generate(model, prompt, { maxNewTokens: 1, alternatives: -1 })).rejects.toThrow("generate: alternatives must be a whole number >= 0, got -1");
      model.dispose();
    }));

  it("drops nothing, and leaves the model's mode and dropout masks as they were", () =>
    withoutLeak(async (device) => {
      const model = new GPT(device, { ...options, dropout: 0.5 });
      const state = model.generator.stateDict();
      const first = await generate(model, prompt, { maxNewTokens: 7, temperature: 0 });
      expect(await generate(model, prompt, { maxNewTokens: 7, temperature: 0 })).toEqual(first);
      expect(model.training).toBe(true);
      expect(model.generator.stateDict()).toEqual(state);
      model.dispose();
    }));

  it("stops at an abort and gives its memory back", () =>
    withoutLeak(async (device) => {
      const model = new GPT(device, options);
      const controller = new AbortController();
      const seen: number[] = [];
      const onToken = async (token: number) => {
        seen.push(token);
        if (seen.length === 3) controller.abort(new Error("enough"));
      };
      await expect(generate(model, prompt, { maxNewTokens: 7, signal: controller.signal, onToken })).rejects.toThrow("enough");
      expect(seen).toHaveLength(3);
      await expect(generate(model, prompt, { maxNewTokens: 7, onToken: () => { throw new Error("mine"); } })).rejects.toThrow("mine");
      expect(await generate(model, prompt, { maxNewTokens: 0 })).toEqual([]);
      model.dispose();
    }));

  it("refuses bad options and prompts", () =>
    withoutLeak(async (device) => {
      const model = new GPT(device, options);
      const refuse = (change: object, message: string, start: readonly number[] = prompt) =>
        expect(generate(model, start, { maxNewTokens: 3, ...change })).rejects.toThrow(message);
      await refuse({ maxNewTokens: -1 }, "generate: maxNewTokens must be a whole number >= 0, got -1");
      await refuse({ temperature: -0.5 }, "generate: temperature must be a finite number >= 0, got -0.5");
      await refuse({ temperature: NaN }, "generate: temperature must be");
      await refuse({ generator: {} }, "generate: generator must be a Generator, got object; make one with new Generator(seed)");
      await refuse({ onToken: 3 }, "generate: onToken must be a function, got number");
      await refuse({}, "generate: the prompt must be an array of tokens, got null", null as unknown as number[]);
      await refuse({ topK: 0 }, "generate: topK must be a whole number >= 1, got 0");
      await refuse({ topP: 0 }, "generate: topP must be a finite number > 0 and <= 1, got 0");
      await refuse({ top_k: 3 }, 'generate: unknown option "top_k"; known options: maxNewTokens, temperature, topK, topP');
      await refuse({ seed: 1, generator: new Generator(1) }, "generate: give generator or seed, not both");
      await refuse({}, "generate: the prompt is empty, got 0 tokens", []);
      await refuse({}, "generate: a prompt token must be a whole number in [0, 17), got 17 at 1", [0, 17]);
      model.dispose();
    }));

  it("says so when the model has diverged", () =>
    withoutLeak(async (device) => {
      const model = new GPT(device, options);
      const { "transformer.ln_f.bias": bias } = model.stateDict();
      bias!.set(new Float32Array(24).fill(NaN));
      await expect(generate(model, prompt, { maxNewTokens: 3 })).rejects.toThrow("generate: the logits are not finite, got NaN for token 0");
      model.dispose();
    }));
});

describe("describeChoice", () => {
  it("orders by logit, the lower token first of equals, and stops at the vocabulary's end", () => {
    const logits = [0, 2, 1, 2, -1];
    const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
    const { token, probability, alternatives } = describeChoice(logits, 4, 3);
    expect([token, alternatives.map((other) => other.token)]).toEqual([4, [1, 3, 2]]);
    expect(probability).toBeCloseTo(Math.exp(-1) / sum, 12);
    expect(describeChoice(logits, 0, 0).alternatives).toEqual([]);
    expect(describeChoice(logits, 0, 9).alternatives.map((other) => other.token)).toEqual([1, 3, 2, 0, 4]);
    expect(describeChoice(logits, 0, 9).alternatives.reduce((total, other) => total + other.probability, 0)).toBeCloseTo(1, 12);
    expect(describeChoice([1000, 0], 1, 1)).toEqual({ token: 1, probability: 0, alternatives: [{ token: 0, probability: 1 }] });
  });
});

describe("sampleToken", () => {
  const logits = [0, 2, 1, -1].map((power) => power * Math.log(3));
  // Weights 1, 9, 3, 1/3: in order of size tokens 1, 2, 0, 3 have 27, 9, 3, 1 of 40.
  const tokensOf = (sampling: Parameters<typeof sampleToken>[2]) => [0.01, 0.67, 0.68, 0.89, 0.91, 0.974, 0.976, 0.999].map((u) => sampleToken(logits, u, sampling));

  it("inverts the cumulative distribution, the likeliest first", () => {
    expect(tokensOf({})).toEqual([1, 1, 2, 2, 0, 0, 3, 3]);
  });

  it("scales by temperature", () => {
    // At half the temperature the weights are squared: 729, 81, 9, 1 of 820.
    expect([0.888, 0.89, 0.987, 0.989, 0.9985, 0.999].map((u) => sampleToken(logits, u, { temperature: 0.5 }))).toEqual([1, 2, 2, 0, 0, 3]);
    expect(tokensOf({ temperature: 0 })).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it("keeps the k likeliest, all of them when there are fewer", () => {
    expect(tokensOf({ topK: 2 })).toEqual([1, 1, 1, 2, 2, 2, 2, 2]);
    expect(tokensOf({ topK: 100 })).toEqual(tokensOf({}));
  });

  it("keeps the smallest nucleus that reaches p, of what top-k left", () => {
    expect(tokensOf({ topP: 0.6 })).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    expect(tokensOf({ topP: 0.7 })).toEqual(tokensOf({ topK: 2 }));
    expect(tokensOf({ topP: 1 })).toEqual(tokensOf({}));
    // Of the two likeliest, the first has 27/36 = 0.75.
    expect(tokensOf({ topK: 2, topP: 0.72 })).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it("gives a tie to the lower token, and refuses logits that are not finite", () => {
    expect(sampleToken([1, 5, 5], 0, { temperature: 0 })).toBe(1);
    expect(() => sampleToken([0, Infinity], 0)).toThrow("got Infinity for token 1");
    expect(() => sampleToken([], 0)).toThrow("sampleToken: needs logits, got none");
  });
});
