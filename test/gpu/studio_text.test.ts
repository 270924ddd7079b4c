// What the studio's worker tells of a model's text and attention.
import { describe, expect, it } from "vitest";
import { TaskData, text } from "../../src/data/index.js";
import { DataError } from "../../src/errors.js";
import { generate, GPT } from "../../src/nn/index.js";
import type { SampledToken, SampleRequest } from "../../src/studio/protocol.js";
import { attentionMaps, sampleText, type Writer } from "../../src/studio/worker/text.js";
import { withoutLeak } from "../support/leak_check.js";

const request: SampleRequest = { prompt: "", length: 12, temperature: 1, topP: 1, seed: 3 };

async function tokensOf(writer: Writer, changes: Partial<SampleRequest> = {}): Promise<SampledToken[]> {
  const tokens: SampledToken[] = [];
  await sampleText(writer, { ...request, ...changes }, (token) => tokens.push(token));
  return tokens;
}

describe("sampleText", () => {
  it("tells the prompt, then tokens with probabilities, as generate writes them", () =>
    withoutLeak(async (device) => {
      const data = text.bytes("Überwältigend! ".repeat(20), { block: 16, batch: 2 });
      const model = new GPT(device, { layers: 1, heads: 2, width: 16, block: 16, vocab: 256, seed: 1 });
      const [prompt, ...rest] = await tokensOf({ model, data }, { prompt: "ä" });
      expect(prompt).toEqual({ text: "ä", given: true, probability: 1, alternatives: [] });
      expect(rest).toHaveLength(12);
      const want = await generate(model, data.vocab.encode("ä"), { maxNewTokens: 12, seed: 3 });
      expect(data.vocab.decode(want).startsWith(rest.map((token) => token.text).join(""))).toBe(true);
      for (const { given, probability, alternatives } of rest) {
        expect(given).toBe(false);
        expect(alternatives).toHaveLength(6);
        expect(probability).toBeLessThanOrEqual(alternatives[0]!.probability);
        expect(probability).toBeGreaterThan(0);
      }
      // Without a prompt, what suits the data: these have no line end among their bytes, but every byte is in the vocabulary.
      expect((await tokensOf({ model, data }))[0]!.text).toBe("\n");
      model.dispose();
    }));

  it("answers problems that were held back, the likeliest way, a line each; or the one that is asked", () =>
    withoutLeak(async (device) => {
      const data = new TaskData("addition", { block: 8, batch: 2 });
      const model = new GPT(device, { layers: 1, heads: 2, width: 16, block: 8, vocab: data.vocab.size, seed: 1 });
      const lines = (await tokensOf({ model, data })).map((token) => token.text).join("").split("\n");
      expect(lines).toHaveLength(8);
      for (const [i, line] of lines.entries()) {
        const { prompt } = data.validationProblem(i);
        const answer = data.vocab.decode(await generate(model, data.vocab.encode(prompt), { maxNewTokens: 3, temperature: 0 }));
        expect(line).toBe(prompt + answer);
      }
      const asked = await tokensOf({ model, data }, { prompt: "12+34" });
      expect([asked[0]!.text, asked.length]).toEqual(["12+34=", 4]);
      expect(await tokensOf({ model, data }, { prompt: "1+", length: 5 })).toHaveLength(6);
      await expect(tokensOf({ model, data }, { prompt: "one" })).rejects.toThrow(DataError);
      model.dispose();
    }));

  it("stops at a signal", () =>
    withoutLeak(async (device) => {
      const data = text.characters("abcd".repeat(40), { block: 8, batch: 2 });
      const model = new GPT(device, { layers: 1, heads: 2, width: 16, block: 8, vocab: 4, seed: 1 });
      const controller = new AbortController();
      const tokens: SampledToken[] = [];
      const stop = (token: SampledToken) => {
        tokens.push(token);
        if (tokens.length === 4) controller.abort(new Error("enough"));
      };
      await expect(sampleText({ model, data }, request, stop, controller.signal)).rejects.toThrow("enough");
      expect(tokens).toHaveLength(4);
      model.dispose();
    }));
});

describe("attentionMaps", () => {
  it("gives each head's weights over the text's last tokens", () =>
    withoutLeak(async (device) => {
      const data = text.characters("abcdefghij".repeat(20), { block: 8, batch: 2 });
      const model = new GPT(device, { layers: 2, heads: 2, width: 16, block: 8, vocab: 10, seed: 1 });
      const { tokens, weights } = await attentionMaps({ model, data }, "aabcdefghij");
      expect(tokens).toEqual([..."cdefghij"]);
      expect(weights.map((heads) => heads.map((map) => map.length))).toEqual([[64, 64], [64, 64]]);
      for (const map of weights.flat()) {
        for (let i = 0; i < 8; i++) {
          expect(map.subarray(i * 8, i * 8 + i + 1).reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
          expect([...map.subarray(i * 8 + i + 1, i * 8 + 8)].every((weight) => weight === 0)).toBe(true);
        }
      }
      expect(weights[0]![0]).not.toEqual(weights[0]![1]);
      expect((await attentionMaps({ model, data }, "")).tokens).toEqual(["a"]);
      await expect(attentionMaps({ model, data }, "xyz")).rejects.toThrow(DataError);
      model.dispose();
    }));
});
