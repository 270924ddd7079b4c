// The float64 reference is itself checked: its backward against central differences of its loss.
import { describe, expect, it } from "vitest";
import { drawBatch, drawParameters, parameterShapes, ReferenceAdamW, runReference, warmupThenCosine, type ReferenceConfig } from "../support/gpt_reference.js";
import { testRandom } from "../support/nd.js";
import { compare } from "../support/tolerances.js";

const small = { layers: 2, heads: 2, width: 8, block: 6, vocab: 7 };
const configs: ReferenceConfig[] = [
  { ...small, tied: true, activation: "gelu", norm: "pre" },
  { ...small, tied: true, activation: "gelu_tanh", norm: "pre" },
  { ...small, tied: false, activation: "relu", norm: "post" },
];

describe("the float64 GPT", () => {
  it.each(configs)("$norm norm, $activation, tied $tied: gradients are those of its loss", (config) => {
    const parameters = drawParameters(config, 1);
    const batch = drawBatch(config, 2, 5, 2);
    const { gradients } = runReference(config, parameters, batch);
    const random = testRandom(3);
    for (const [name, values] of parameters) {
      const elements = Array.from({ length: 6 }, () => random.integer(values.length));
      const differences = elements.map((i) => {
        const at = values[i]!;
        const step = 1e-6;
        values[i] = at + step;
        const above = runReference(config, parameters, batch).loss;
        values[i] = at - step;
        const below = runReference(config, parameters, batch).loss;
        values[i] = at;
        return (above - below) / (2 * step);
      });
      const result = compare(elements.map((i) => gradients.get(name)![i]!), differences, "reduction");
      expect(result.worst, `${name}: ${result.message}`).toBeLessThanOrEqual(1);
      if (name !== "transformer.wpe.weight") expect(gradients.get(name)!.some((g) => g !== 0), `${name} has no gradient`).toBe(true);
    }
  });

  it("sees only earlier tokens", () => {
    const config = configs[0]!;
    const parameters = drawParameters(config, 1);
    const batch = drawBatch(config, 1, 5, 2);
    const before = runReference(config, parameters, batch).logits;
    batch.tokens[3] = (batch.tokens[3]! + 1) % config.vocab;
    const after = runReference(config, parameters, batch).logits;
    const rows = (logits: Float64Array, from: number, to: number) => [...logits.subarray(from * config.vocab, to * config.vocab)];
    expect(rows(after, 0, 3)).toEqual(rows(before, 0, 3));
    expect(rows(after, 3, 5)).not.toEqual(rows(before, 3, 5));
  });
});

describe("the float64 AdamW", () => {
  it("moves by the rate in the first step, clipped or not, and decays matrices only", () => {
    const config = configs[0]!;
    const shapes = new Map(parameterShapes(config));
    const parameters = new Map([["transformer.wte.weight", Float64Array.of(1, -2)], ["transformer.ln_f.bias", Float64Array.of(3)]]);
    const gradients = new Map([["transformer.wte.weight", Float64Array.of(30, -40)], ["transformer.ln_f.bias", Float64Array.of(0)]]);
    const norm = new ReferenceAdamW(shapes, { betas: [0.9, 0.99], eps: 1e-12, weightDecay: 0.5, clipNorm: 1 }).step(parameters, gradients, 0.1);
    expect(norm).toBe(50);
    expect(parameters.get("transformer.wte.weight")![0]).toBeCloseTo(1 * 0.95 - 0.1, 9);
    expect(parameters.get("transformer.wte.weight")![1]).toBeCloseTo(-2 * 0.95 + 0.1, 9);
    expect(parameters.get("transformer.ln_f.bias")![0]).toBe(3);
  });

  it("warms up, peaks and falls to the floor", () => {
    const options = { peak: 1, floor: 0.1, warmup: 4, total: 10 };
    expect([0, 3, 4, 7, 10].map((t) => warmupThenCosine(t, options))).toEqual([0.25, 1, 1, 0.55, 0.1].map((value) => expect.closeTo(value, 12)));
  });
});
