import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import { CyclicLR, OneCycleLR, type CyclicLROptions, type OneCycleLROptions } from "../../src/schedule/index.js";
import { cyclicShare, oneCycleAt } from "../support/pytorch_schedulers.js";
import { expectFormula, expectSameAfterJSON } from "../support/schedules.js";

const rates = [0.1, 3e-4, 2];

describe("OneCycleLR", () => {
  const totals = [1, 2, 3, 10, 100, 150];
  const shares = [0, 0.1, 0.3, 0.45, 0.5, 0.6, 1];

  describe.each(["cos", "linear"] as const)("%s", (annealStrategy) => {
    it.each([false, true])("three phases: %s", (threePhase) => {
      for (const total of totals) {
        for (const pctStart of shares) {
          if (pctStart * total === 1) continue; // PyTorch divides by zero
          const cycle = { total, pctStart, threePhase, linear: annealStrategy === "linear" };
          for (const maxLr of rates) {
            const { lr, momentum } = OneCycleLR({ maxLr, totalSteps: total, pctStart, annealStrategy, threePhase, divFactor: 10, finalDivFactor: 500 });
            const held = (t: number): number => Math.min(t, total - 1);
            expectFormula(lr, (t) => oneCycleAt(cycle, [maxLr / 10, maxLr, maxLr / 10 / 500], held(t)));
            expectFormula(momentum, (t) => oneCycleAt(cycle, [0.95, 0.85, 0.95], held(t)));
            expectSameAfterJSON(lr);
            expectSameAfterJSON(momentum);
          }
        }
      }
    });
  });

  it("has PyTorch's defaults: 30 % up, from 1/25, to 1/250,000, momentum 0.95 to 0.85", () => {
    const { lr, momentum } = OneCycleLR({ maxLr: 1, epochs: 10, stepsPerEpoch: 10 });
    expect([0, 29, 99].map((t) => lr.at(t))).toEqual([1 / 25, 1, 1 / 25 / 1e4]);
    expect([0, 29, 99].map((t) => momentum.at(t))).toEqual([0.95, 0.85, 0.95]);
    expect(OneCycleLR({ maxLr: 1, totalSteps: 100 }).lr.toJSON()).toEqual(lr.toJSON());
  });

  it("takes momentum bounds", () => {
    const { momentum } = OneCycleLR({ maxLr: 1, totalSteps: 100, baseMomentum: 0.5, maxMomentum: 0.7 });
    expect([0, 29, 99, 500].map((t) => momentum.at(t))).toEqual([0.7, 0.5, 0.7, 0.7]);
  });

  it("holds its last value past the end, where PyTorch extrapolates and then raises", () => {
    const { lr } = OneCycleLR({ maxLr: 1, totalSteps: 100, annealStrategy: "linear" });
    expect([99, 100, 101, 1e9].map((t) => lr.at(t))).toEqual(Array(4).fill(1 / 25 / 1e4));
    const cycle = { total: 100, pctStart: 0.3, threePhase: false, linear: true };
    expect(oneCycleAt(cycle, [1 / 25, 1, 1 / 25 / 1e4], 100)).toBeLessThan(0);
  });

  it("starts at its peak where the rise is over at step 0", () => {
    const { lr } = OneCycleLR({ maxLr: 1, totalSteps: 10, pctStart: 0.1 });
    expect(lr.at(0)).toBe(1);
    expect(lr.at(9)).toBe(1 / 25 / 1e4);
  });

  const good: OneCycleLROptions = { maxLr: 1, totalSteps: 10 };
  it.each<[unknown, string]>([
    [undefined, "OneCycleLR: maxLr must be a finite number >= 0, got undefined"],
    [{ ...good, maxLr: -1 }, "OneCycleLR: maxLr must be a finite number >= 0, got -1"],
    [{ maxLr: 1 }, "OneCycleLR: needs totalSteps, or epochs and stepsPerEpoch, got totalSteps none, epochs none and stepsPerEpoch none"],
    [{ maxLr: 1, epochs: 3 }, "OneCycleLR: needs totalSteps, or epochs and stepsPerEpoch, got totalSteps none, epochs 3 and stepsPerEpoch none"],
    [{ ...good, epochs: 3 }, "OneCycleLR: needs totalSteps, or epochs and stepsPerEpoch, got totalSteps 10, epochs 3"],
    [{ maxLr: 1, epochs: 0, stepsPerEpoch: 3 }, "OneCycleLR: epochs must be a whole number >= 1, got 0"],
    [{ ...good, totalSteps: 0 }, "OneCycleLR: totalSteps must be a whole number >= 1, got 0"],
    [{ ...good, pctStart: 30 }, "OneCycleLR: pctStart must be a finite number >= 0 and <= 1, got 30"],
    [{ ...good, annealStrategy: "cosine" }, 'OneCycleLR: unknown annealStrategy, got "cosine"; use cos, linear'],
    [{ ...good, divFactor: 0 }, "OneCycleLR: divFactor must be a finite number > 0, got 0"],
    [{ ...good, finalDivFactor: -1 }, "OneCycleLR: finalDivFactor must be a finite number > 0, got -1"],
    [{ ...good, baseMomentum: 1 }, "OneCycleLR: baseMomentum must be a finite number >= 0 and < 1, got 1"],
    [{ ...good, maxMomentum: 1.5 }, "OneCycleLR: maxMomentum must be a finite number >= 0 and < 1, got 1.5"],
    [{ ...good, threePhase: 1 }, "OneCycleLR: threePhase must be true or false, got 1"],
    [{ ...good, max_lr: 1 }, 'OneCycleLR: unknown option "max_lr"; known options: maxLr, totalSteps'],
  ])("refuses case %#", (options, message) => {
    expect(() => OneCycleLR(options as OneCycleLROptions)).toThrow(UsageError);
    expect(() => OneCycleLR(options as OneCycleLROptions)).toThrow(message);
  });
});

describe("CyclicLR", () => {
  const heights = {
    triangular: { height: () => 1, byCycle: true, options: {} },
    triangular2: { height: (cycle: number) => 1 / 2 ** (cycle - 1), byCycle: true, options: {} },
    exp_range: { height: (t: number) => 0.99 ** t, byCycle: false, options: { gamma: 0.99 } },
  };

  it.each(["triangular", "triangular2", "exp_range"] as const)("%s", (mode) => {
    const { height, byCycle, options } = heights[mode];
    for (const [up, down] of [[1, 1], [5, 5], [5, 9], [20, 1], [7, 0], [300, 10]] as const) {
      for (const maxLr of rates) {
        const baseLr = maxLr / 10;
        const { lr, momentum } = CyclicLR({ baseLr, maxLr, stepSizeUp: up, stepSizeDown: down, mode, ...options });
        const share = (t: number): number => cyclicShare({ up, down, height, byCycle }, t);
        expectFormula(lr, (t) => baseLr + (maxLr - baseLr) * share(t));
        expectFormula(momentum, (t) => 0.9 - (0.9 - 0.8) * share(t));
        expectSameAfterJSON(lr);
        expectSameAfterJSON(momentum);
      }
    }
  });

  it.each(["cycle", "iterations"] as const)("a function of one's own, of the %s", (scaleMode) => {
    const height = (x: number): number => 1 / (1 + x);
    const share = (t: number): number => cyclicShare({ up: 6, down: 9, height, byCycle: scaleMode === "cycle" }, t);
    const { lr, momentum } = CyclicLR({ baseLr: 0.1, maxLr: 0.7, stepSizeUp: 6, stepSizeDown: 9, scaleFn: height, scaleMode, baseMomentum: 0.5, maxMomentum: 0.6 });
    expectFormula(lr, (t) => 0.1 + 0.6 * share(t));
    expectFormula(momentum, (t) => 0.6 - 0.1 * share(t));
    expect(() => lr.toJSON()).toThrow("a function of your own cannot be saved");
  });

  it("has PyTorch's defaults: 2,000 steps up and down, triangular", () => {
    const { lr, momentum } = CyclicLR({ baseLr: 1, maxLr: 3 });
    expect([0, 1000, 2000, 3000, 4000].map((t) => lr.at(t))).toEqual([1, 2, 3, 2, 1]);
    expect([0, 2000, 4000].map((t) => momentum.at(t))).toEqual([0.9, 0.8, 0.9]);
    expectFormula(CyclicLR({ baseLr: 1, maxLr: 3, mode: "exp_range" }).lr, (t) => lr.at(t));
  });

  const good: CyclicLROptions = { baseLr: 0.1, maxLr: 1 };
  it.each<[unknown, string]>([
    [undefined, "CyclicLR: baseLr must be a finite number >= 0, got undefined"],
    [{ baseLr: 1 }, "CyclicLR: maxLr must be a finite number >= 0, got undefined"],
    [{ ...good, stepSizeUp: 0 }, "CyclicLR: stepSizeUp must be a whole number >= 1, got 0"],
    [{ ...good, stepSizeDown: -1 }, "CyclicLR: stepSizeDown must be a whole number >= 0, got -1"],
    [{ ...good, mode: "square" }, 'CyclicLR: unknown mode, got "square"; use triangular, triangular2, exp_range'],
    [{ ...good, gamma: 0.9 }, 'CyclicLR: gamma acts in mode "exp_range" only, got 0.9 with "triangular"'],
    [{ ...good, mode: "exp_range", gamma: 1.1 }, "CyclicLR: gamma must be a finite number > 0 and <= 1, got 1.1"],
    [{ ...good, scaleMode: "cycle" }, 'CyclicLR: scaleMode belongs to scaleFn, got "cycle" without one'],
    [{ ...good, scaleFn: 3 }, "CyclicLR: scaleFn must be a function of the cycle or the step, got 3"],
    [{ ...good, scaleFn: () => 1, mode: "triangular" }, "CyclicLR: needs either scaleFn or a mode, got both"],
    [{ ...good, scaleFn: () => 1, scaleMode: "epoch" }, 'CyclicLR: unknown scaleMode, got "epoch"; use cycle, iterations'],
    [{ ...good, baseMomentum: -1 }, "CyclicLR: baseMomentum must be a finite number >= 0 and < 1, got -1"],
    [{ ...good, cycleMomentum: false }, 'CyclicLR: unknown option "cycleMomentum"'],
  ])("refuses case %#", (options, message) => {
    expect(() => CyclicLR(options as CyclicLROptions)).toThrow(UsageError);
    expect(() => CyclicLR(options as CyclicLROptions)).toThrow(message);
  });
});
