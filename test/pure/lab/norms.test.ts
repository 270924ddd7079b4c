// Verdicts of the experiments about norms, batches and warmup, from made-up results.
import { describe, expect, it } from "vitest";
import batchScaling from "../../../examples/lab/batch_scaling.js";
import batchnormCurvature from "../../../examples/lab/batchnorm_curvature.js";
import batchnormMomentum from "../../../examples/lab/batchnorm_momentum.js";
import clippingWarmup from "../../../examples/lab/clipping_warmup.js";
import earlySharpness from "../../../examples/lab/early_sharpness.js";
import epsilonF16 from "../../../examples/lab/epsilon_f16.js";
import layernormGradients from "../../../examples/lab/layernorm_gradients.js";
import noiseStarvation from "../../../examples/lab/noise_starvation.js";
import { concludedFrom } from "../../support/lab.js";

type Any = Record<string, never>;
const verdictOf = (...args: Parameters<typeof concludedFrom>) => concludedFrom(...args).verdict;

describe("clipping-warmup", () => {
  const results = (warmed: number) => verdictOf(clippingWarmup, (cell: Any) => ({ clipped: cell.warmed ? warmed : 0.5, final: 1 }));
  it("compares shares of clipped steps", () => expect([results(0.2), results(0.45), results(0.6), results(NaN)]).toEqual(["confirmed", "not confirmed at this scale", "contradicted", "not confirmed at this scale"]));
});

describe("layernorm-gradients", () => {
  const results = (power: number, raised: number) =>
    verdictOf(layernormGradients, ({ what, scale, warmed }: Any) => ({ gradient: (scale as unknown as number) ** power, highest: what === "training" && warmed ? raised : 1 }));
  it("asks for a power of -1, and for a warmup that raises the rate", () => {
    expect(results(-1, 2)).toBe("confirmed");
    expect(results(-1, 1)).toBe("not confirmed at this scale");
    expect(results(-1, 0.5)).toBe("contradicted");
    expect(results(0, 2)).toBe("contradicted");
  });
});

describe("batch-scaling", () => {
  const results = (without: number, warmed: number) => verdictOf(batchScaling, (cell: Any) => ({ error: cell.k === 16 ? (cell.warmed ? warmed : without) : 0.1, final: 1 }));
  it("asks that the rule needs the warmup, and works with it", () => {
    expect(results(0.2, 0.12)).toBe("confirmed");
    expect(results(0.13, 0.12)).toBe("not confirmed at this scale");
    expect(results(0.1, 0.2)).toBe("contradicted");
    expect(results(0.6, 0.4)).toBe("contradicted");
  });
});

describe("batchnorm-momentum", () => {
  const results = (early: number, late: number) => verdictOf(batchnormMomentum, ({ rule }: Any) => ({ gaps: Array.from({ length: 128 }, (_, t) => (t < 64 ? 1 : 0.1) * (rule === "steady" ? 1 : t < 64 ? early : late)) }));
  it("compares gaps early and late", () => {
    expect(results(0.5, 1)).toBe("confirmed");
    expect(results(0.9, 1)).toBe("not confirmed at this scale");
    expect(results(1.2, 1)).toBe("contradicted");
    expect(results(0.5, 8)).toBe("contradicted");
  });
});

describe("batchnorm-curvature", () => {
  const results = (power: number, off = 1) => verdictOf(batchnormCurvature, ({ scale }: Any) => ({ sharpness: (scale as unknown as number) ** -power, edge: 2 * off * (scale as unknown as number) ** power }));
  it("asks for a power of -2 and for the edge at 2 / lambda", () => {
    expect(results(-2)).toBe("confirmed");
    expect(results(-2, 1.2)).toBe("not confirmed at this scale");
    expect(results(-2, 2)).toBe("contradicted");
    expect(results(-1)).toBe("contradicted");
  });
});

describe("noise-starvation", () => {
  const results = (oscillating: number, small: number) => verdictOf(noiseStarvation, ({ arm }: Any) => ({ error: arm === "plain" ? 0.2 : arm === "oscillating" ? oscillating : small, final: 1 }));
  it("compares test errors", () => {
    expect(results(0.15, 0.1)).toBe("confirmed");
    expect(results(0.195, 0.1)).toBe("not confirmed at this scale");
    expect(results(0.25, 0.1)).toBe("contradicted");
    expect(results(0.15, 0.3)).toBe("contradicted");
  });
});

describe("early-sharpness", () => {
  const results = (sharp: number, usual: number, after: number) => verdictOf(earlySharpness, ({ start, warmed }: Any) => ({ highest: warmed ? (start === "sharp" ? sharp : usual) : 1, sharpness: 10, after }));
  it("asks that a sharp start gains more, and flattens", () => {
    expect(results(4, 1, 2)).toBe("confirmed");
    expect(results(4, 4, 2)).toBe("not confirmed at this scale");
    expect(results(0.5, 1, 2)).toBe("contradicted");
    expect(results(4, 1, 20)).toBe("contradicted");
  });
});

describe("epsilon-f16", () => {
  const results = (f32: number, f16: number, floored: number) => verdictOf(epsilonF16, ({ kind }: Any) => ({ longest: kind === "f32, eps 1e-8" ? f32 : kind === "f16, eps 1e-8" ? f16 : floored, zero: 0.9 }));
  it("compares the longest steps", () => {
    expect(results(3, 1e5, 10)).toBe("confirmed");
    expect(results(3, 5, 5)).toBe("contradicted");
    expect(results(3, 1e5, 100)).toBe("not confirmed at this scale");
  });
});
