// Where each token looks, against float64 and against what the fused kernel makes of it.
import { describe, expect, it } from "vitest";
import { ShapeError } from "../../src/errors.js";
import { GPT, MultiHeadAttention } from "../../src/nn/index.js";
import { fromArray } from "../../src/ops/index.js";
import { scope } from "../../src/tensor/scope.js";
import { drawBatch, drawParameters, runReference, type ReferenceConfig } from "../support/gpt_reference.js";
import { withoutLeak } from "../support/leak_check.js";
import { testRandom } from "../support/nd.js";
import { compare } from "../support/tolerances.js";

const config: ReferenceConfig = { layers: 3, heads: 2, width: 12, block: 11, vocab: 7, tied: true, activation: "gelu", norm: "pre" };

describe("GPT.attentionWeights", () => {
  it.each([
    ["pre", 2, 11],
    ["post", 1, 7],
    ["pre", 1, 1],
  ] as const)("%s norm, batch %d, %d tokens: equals float64", (norm, batch, seq) =>
    withoutLeak(async (device) => {
      const parameters = drawParameters({ ...config, norm }, 1);
      const drawn = drawBatch(config, batch, seq, 2);
      const want = runReference({ ...config, norm }, parameters, drawn).attentionWeights;
      // Dropout would show: the reference has none.
      const model = new GPT(device, { ...config, activation: "gelu", norm, dropout: 0.5, seed: 1 });
      for (const [name, values] of parameters) model.stateDict()[name]!.set(Float32Array.from(values));
      const draws = model.generator.stateDict();
      const weights = scope(() => model.attentionWeights(fromArray(device, drawn.tokens, { shape: [batch, seq], dtype: "i32" })));
      expect(weights.map(({ shape }) => shape)).toEqual(Array(3).fill([batch, 2, seq, seq]));
      for (const [layer, tensor] of weights.entries()) {
        const got = Float32Array.from(await tensor.data());
        const result = compare(got, want[layer]!, "model");
        expect(result.worst, `layer ${layer}: ${result.message}`).toBeLessThanOrEqual(1);
        got.forEach((weight, i) => {
          const [row, column] = [Math.floor(i / seq) % seq, i % seq];
          if (column > row) expect(weight).toBe(0);
        });
        for (let row = 0; row < got.length / seq; row++) expect(got.subarray(row * seq, (row + 1) * seq).reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
        tensor.dispose();
      }
      expect(model.training).toBe(true);
      expect(model.generator.stateDict()).toEqual(draws);
      model.dispose();
    }),
  );

  it("takes no more than a block", () =>
    withoutLeak(async (device) => {
      const model = new GPT(device, { ...config, activation: "gelu" });
      const tokens = fromArray(device, new Int32Array(12), { shape: [1, 12], dtype: "i32" });
      expect(() => model.attentionWeights(tokens)).toThrow(new ShapeError("GPT: the sequence is longer than the block, got 12 tokens for a block of 11; crop it, or build a model with a larger block"));
      tokens.dispose();
      model.dispose();
    }));
});

describe("MultiHeadAttention.weights", () => {
  it.each([true, false])("times the values is what the fused kernel gives (causal: %s)", (causal) =>
    withoutLeak(async (device) => {
      const [batch, seq, width, heads] = [2, 37, 24, 3];
      const random = testRandom(3);
      const layer = new MultiHeadAttention(device, width, heads, { causal, seed: 1 }).eval();
      const state = layer.stateDict();
      state["c_proj.weight"]!.set(Float32Array.from({ length: width * width }, (_, i) => (i % (width + 1) === 0 ? 1 : 0)));
      state["c_proj.bias"]!.set(new Float32Array(width));
      const values = Float32Array.from({ length: batch * seq * width }, () => random.normal());
      const x = fromArray(device, values, { shape: [batch, seq, width] });
      const [weights, fused] = [layer.weights(x), layer.forward(x)];
      const [p, y, w, b] = await Promise.all([weights.data(), fused.data(), state["c_attn.weight"]!.data(), state["c_attn.bias"]!.data()]);
      const size = width / heads;
      const want = new Float64Array(y.length);
      for (let row = 0; row < batch * seq; row++) {
        for (let j = 0; j < seq; j++) {
          const other = Math.floor(row / seq) * seq + j;
          for (let c = 0; c < width; c++) {
            const place = ((Math.floor(row / seq) * heads + Math.floor(c / size)) * seq + (row % seq)) * seq + j;
            let v = b[2 * width + c]!;
            for (let i = 0; i < width; i++) v += values[other * width + i]! * w[(2 * width + c) * width + i]!;
            want[row * width + c]! += p[place]! * v;
          }
        }
      }
      const result = compare(y, want, "matmul");
      expect(result.worst, result.message).toBeLessThanOrEqual(1);
      expect(weights.requiresGrad).toBe(false);
      for (const tensor of [weights, fused, x]) tensor.dispose();
      layer.dispose();
    }),
  );
});
