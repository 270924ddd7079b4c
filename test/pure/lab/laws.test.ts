// Verdicts of the experiments about laws, from made-up results.
import { describe, expect, it } from "vitest";
import adagradCliff from "../../../examples/lab/adagrad_cliff.js";
import biasCorrection from "../../../examples/lab/bias_correction.js";
import decayShapes from "../../../examples/lab/decay_shapes.js";
import weightDecay from "../../../examples/lab/weight_decay_equilibrium.js";
import { concludedFrom } from "../../support/lab.js";

describe("bias-correction", () => {
  const results = (tamed: number, first = 1) =>
    concludedFrom(biasCorrection, ({ start, gradient }: Record<string, string>) => {
      const corrected = start === "corrected";
      const longest = gradient === "plateau" ? 1 : corrected ? 1 : start === "uncorrected" ? 4 : start!.endsWith("2000") ? tamed : 3;
      return { lengths: [corrected ? first : 0.1 / Math.sqrt(0.001), 1, 1], longest };
    });
  it("confirms what the source claims, and a warmup that does not tame contradicts", () => {
    expect(results(1)).toMatchObject({ verdict: "confirmed", findings: { values: { tamed: [1, 1, 1], longest: [4, 4, 4] } } });
    expect(results(3.5).verdict).toBe("contradicted");
    expect(results(1, 1.5).verdict).toBe("contradicted");
    expect(results(NaN).verdict).toBe("not confirmed at this scale");
  });
});

describe("adagrad-cliff", () => {
  const results = (adam: number) => concludedFrom(adagradCliff, ({ optimizer, place }: Record<string, string>) => ({ left: optimizer === "Adam" ? adam : place === "on the cliff" ? 0.9 : 0.1, curve: [1, 0.5] }));
  it("is confirmed by an Adam that arrives, contradicted by one that does not", () => {
    expect(results(0.1).verdict).toBe("confirmed");
    expect(results(0.5).verdict).toBe("not confirmed at this scale");
    expect(results(0.9).verdict).toBe("contradicted");
    expect(results(NaN).verdict).toBe("not confirmed at this scale");
  });
});

describe("weight-decay-equilibrium", () => {
  const results = (dropout: (law: string) => number) => concludedFrom(weightDecay, ({ law }: Record<string, string>) => ({ error: law!.startsWith("dropout") ? dropout(law!) : 0.001, curve: [1] }));
  it("judges dropout by its worst share", () => {
    expect(results(() => 0.001).verdict).toBe("confirmed");
    expect(results((law) => (law.includes("80 %") ? 0.05 : 0)).verdict).toBe("not confirmed at this scale");
    expect(results((law) => (law.includes("80 %") ? 0.5 : 0))).toMatchObject({ verdict: "contradicted", findings: { values: { dropout: [0.5, 0.5, 0.5] } } });
  });
});

describe("decay-shapes", () => {
  const results = (excess: (shape: string, from: string) => number) => concludedFrom(decayShapes, ({ shape, from }: Record<string, string>) => ({ excess: excess(shape!, from!), curve: Array.from({ length: 51 }, () => 1) }));
  const ball = [0.02, 0.1, 0.3, 1].reduce((sum, lambda) => sum + 0.3 / (2 * (2 - 0.3 * lambda)), 0);
  it("holds the worst decay against the constant, and exponential against cosine", () => {
    const good = (shape: string, from: string) => (shape === "constant" ? ball : from === "far" && shape === "exponential" ? 20 : 0.1);
    expect(results(good)).toMatchObject({ verdict: "confirmed" });
    expect(results((shape, from) => (shape === "step" && from === "near" ? 2 * ball : good(shape, from))).verdict).toBe("contradicted");
    expect(results((shape, from) => (shape === "cosine" && from === "far" ? 4 : good(shape, from))).verdict).toBe("not confirmed at this scale");
    expect(results((shape, from) => (shape === "cosine" && from === "far" ? NaN : good(shape, from))).verdict).toBe("not confirmed at this scale");
  });
});
