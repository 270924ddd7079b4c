import { describe, expect, it } from "vitest";
import { onsetOf } from "../../src/tune/range_onset.js";
import { planWarmup, type WarmupEvidence } from "../../src/tune/warmup_advice.js";
import { testRandom } from "../support/nd.js";

const adam: WarmupEvidence = {
  algorithm: "AdamW",
  memory: 0.99,
  taken: 0,
  steps: 600,
  range: { onset: 5e-3, least: 1.5e-2 },
  firstStep: 0.3,
  edge: { stableRate: 1.6e-2, threshold: 38, lambdaMax: 2375, scaled: true },
  noise: null,
  maxShare: 0.1,
};
const sgd: WarmupEvidence = { ...adam, algorithm: "SGD", memory: null, range: { onset: 0.05, least: 0.1 }, edge: { stableRate: 0.2, threshold: 3.8, lambdaMax: 19, scaled: false } };

describe("planWarmup", () => {
  it("peak: the onset of the sweep's bottom", () => {
    expect(planWarmup(adam)).toMatchObject({ peakLr: 5e-3, warmupSteps: 60 });
    expect(planWarmup(adam)!.reasons[0]).toBe("In the range test the loss was least at 0.015, and nearly as low from 0.005 on: that is the peak, 0.005.");
  });

  it("peak: at most half of the edge where the optimizer scales, the edge itself where it does not", () => {
    const sharp = { stableRate: 4e-3, threshold: 38, lambdaMax: 9500, scaled: true };
    expect(planWarmup({ ...adam, edge: sharp })!.peakLr).toBe(2e-3);
    expect(planWarmup({ ...sgd, edge: { ...sharp, scaled: false } })!.peakLr).toBe(4e-3);
    expect(planWarmup({ ...adam, edge: sharp })!.reasons.join(" ")).toContain("the edge of stability bounds the peak to 0.002");
    expect(planWarmup({ ...adam, edge: { ...sharp, stableRate: 3.999e-3 } })!.peakLr).toBe(1.9e-3);
    expect(planWarmup({ ...adam, edge: null })!.peakLr).toBe(5e-3);
    expect(planWarmup({ ...adam, edge: { ...sharp, stableRate: Infinity, lambdaMax: -1 } })!.peakLr).toBe(5e-3);
  });

  it("peak: the edge alone where the sweep shows nothing; nothing where neither does", () => {
    expect(planWarmup({ ...adam, range: null })!.peakLr).toBe(8e-3);
    expect(planWarmup({ ...adam, range: null, edge: null })).toBeNull();
    expect(planWarmup({ ...adam, range: null, edge: { ...adam.edge!, stableRate: Infinity } })).toBeNull();
  });

  it("length: 2 / (1 - beta2) until the second moment has settled, less the steps taken, capped at a share of the run", () => {
    expect(planWarmup({ ...adam, steps: 10000 })!.warmupSteps).toBe(200);
    expect(planWarmup({ ...adam, steps: 10000, memory: 0.999 })!.warmupSteps).toBe(1000);
    expect(planWarmup({ ...adam, steps: 10000, maxShare: 0.5, memory: 0.999 })!.warmupSteps).toBe(2000);
    expect(planWarmup({ ...adam, steps: 10000, taken: 150 })!.warmupSteps).toBe(50);
    expect(planWarmup({ ...adam, taken: 500 })).toMatchObject({ warmupSteps: 0, initialLr: 5e-3 });
    expect(planWarmup(adam)!.reasons.join(" ")).toContain("takes 2 / (1 - 0.99) = 200 steps to settle; until then some of its steps are too long: warm up for 200 steps. This is capped at 10% of the 600 steps: 60. It starts at 0.000083.");
  });

  it("length: none for optimizers that warm up by themselves, and for gradient descent inside the edge", () => {
    for (const algorithm of ["RAdam", "GIAdam"]) expect(planWarmup({ ...adam, algorithm })!.warmupSteps).toBe(0);
    expect(planWarmup(sgd)).toMatchObject({ warmupSteps: 0, initialLr: 0.05, peakLr: 0.05 });
    expect(planWarmup(sgd)!.reasons.at(-1)).toBe("No warmup is needed: the peak is safe from the first step.");
  });

  it("length: from where the first step is safe, along a ramp of the capped length, where the peak lies past it", () => {
    const plan = planWarmup({ ...sgd, firstStep: 0.0125 })!;
    // A ramp of 60 steps from 0 to 0.05 reaches 0.0125 after 15.
    expect(plan).toMatchObject({ warmupSteps: 45, initialLr: 0.013, peakLr: 0.05 });
    expect(plan.reasons.join(" ")).toContain("A first step with more than 0.0125 would raise the loss.");
  });

  it("a run too short for a warmup gets none, and says so", () => {
    const plan = planWarmup({ ...adam, steps: 8 })!;
    expect(plan).toMatchObject({ warmupSteps: 0, initialLr: plan.peakLr });
    expect(plan.reasons.join(" ")).toContain("The run is too short for any.");
  });

  it("tells what the noise means", () => {
    expect(planWarmup({ ...adam, noise: { scale: 100, batchSize: 8 } })!.reasons.at(-1)).toContain("steps are mostly noise");
    expect(planWarmup({ ...adam, noise: { scale: 2, batchSize: 8 } })!.reasons.at(-1)).toContain("little noise");
  });
});

describe("onsetOf", () => {
  /** 5 at low rates, down to 2 from 1e-3 on, up again past 1e-1. */
  function sweep(seed: number, noise: number, count = 160) {
    const random = testRandom(seed);
    return Array.from({ length: count }, (_, i) => {
      const lr = 1e-7 * 1e8 ** (i / (count - 1));
      const fall = 3 / (1 + (lr / 3e-4) ** -2);
      return { lr, loss: 5 - fall + Math.max(0, 20 * (lr - 0.1)) + noise * random.normal(), smoothed: 0 };
    });
  }

  it("is where the bottom begins, whatever the noise picks as the least point", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const onset = onsetOf(sweep(seed, 0.05), 5)!;
      expect(onset).toBeGreaterThan(5e-4);
      expect(onset).toBeLessThan(1e-2);
    }
    expect(onsetOf(sweep(1, 0), 5)!).toBeGreaterThan(8e-4);
    expect(onsetOf(sweep(1, 0), 5)!).toBeLessThan(4e-3);
  });

  it("of a burst, of NaN at the end, of negative losses: the same bottom", () => {
    const points = sweep(3, 0);
    const want = onsetOf(points.slice(0, 130), 5);
    expect(onsetOf([...points.slice(0, 130), { lr: 1, loss: 1e30, smoothed: 0 }], 5)).toBe(want);
    expect(onsetOf([...points.slice(0, 130), { lr: 1, loss: NaN, smoothed: 0 }], 5)).toBe(want);
    const negative = points.slice(0, 130).map((point) => ({ ...point, loss: point.loss - 100 }));
    // Shifted losses round apart.
    expect(onsetOf(negative, -95)! / want!).toBeCloseTo(1, 6);
  });

  it("is null for a loss that only rises, or of nothing", () => {
    expect(onsetOf(sweep(1, 0).map((point) => ({ ...point, loss: 5 + point.lr })), 5)).toBeNull();
    expect(onsetOf([], 5)).toBeNull();
  });
});
