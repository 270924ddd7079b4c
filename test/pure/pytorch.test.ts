import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import * as schedule from "../../src/schedule/index.js";
import type { Schedule } from "../../src/schedule/index.js";
import * as pytorch from "../support/pytorch_schedulers.js";
import { expectFormula, expectSameAfterJSON, firstSteps } from "../support/schedules.js";

/** Base rates of three groups. */
const lrs = [0.1, 3e-4, 2];
const calls = firstSteps.length;

/** The same values as PyTorch's recursion at every step, for every group; and, but for a user's function, the same after JSON. */
function expectPyTorch(ours: (lr: number) => Schedule, theirs: pytorch.Make, isData = true): void {
  const want = pytorch.lastRates(theirs, lrs, calls);
  lrs.forEach((lr, group) => {
    const made = ours(lr);
    expectFormula(made, (t) => want[t]![group]!);
    if (isData) expectSameAfterJSON(made);
    else expect(() => JSON.stringify(made)).toThrow("a function of your own cannot be saved");
  });
}

const wave = (t: number): number => 0.95 ** t + 0.1 * Math.sin(t) ** 2;
const nearOne = (t: number): number => 0.99 + 0.02 * Math.sin(t);

describe("PyTorch's schedulers, against its recursion", () => {
  it("LambdaLR", () => expectPyTorch((lr) => schedule.LambdaLR(lr, { lrLambda: wave }), pytorch.lambdaLR(wave), false));
  it("MultiplicativeLR", () => expectPyTorch((lr) => schedule.MultiplicativeLR(lr, { lrLambda: nearOne }), pytorch.multiplicativeLR(nearOne), false));

  it.each([[1, 0.5], [7, 0.1], [30, 0.9], [40, 0], [9, 1], [11, 1.2]])("StepLR, every %d steps times %d", (stepSize, gamma) =>
    expectPyTorch((lr) => schedule.StepLR(lr, { stepSize, gamma }), pytorch.stepLR(stepSize, gamma)));
  it("StepLR's default", () => expectPyTorch((lr) => schedule.StepLR(lr, { stepSize: 25 }), pytorch.stepLR(25, 0.1)));

  it.each([[[10, 50, 120], 0.3], [[0, 3, 3, 3, 150], 0.5], [[5, 6], 2], [[], 0.1], [[500], 0.1], [[60], 0]])("MultiStepLR at %j times %d", (milestones, gamma) =>
    expectPyTorch((lr) => schedule.MultiStepLR(lr, { milestones, gamma }), pytorch.multiStepLR(milestones, gamma)));

  it.each([[1 / 3, 5], [0.01, 60], [1, 7], [0.5, 1], [0.2, 1000]])("ConstantLR, %d for %d steps", (factor, totalIters) =>
    expectPyTorch((lr) => schedule.ConstantLR(lr, { factor, totalIters }), pytorch.constantLR(factor, totalIters)));
  it("ConstantLR's defaults", () => expectPyTorch((lr) => schedule.ConstantLR(lr), pytorch.constantLR(1 / 3, 5)));

  it.each([[1 / 3, 1, 5], [0.001, 1, 60], [1, 0.1, 60], [1, 0, 60], [0.5, 0.5, 9], [0.1, 0.9, 1], [0.1, 0.9, 1000]])("LinearLR from %d to %d in %d steps", (startFactor, endFactor, totalIters) =>
    expectPyTorch((lr) => schedule.LinearLR(lr, { startFactor, endFactor, totalIters }), pytorch.linearLR(startFactor, endFactor, totalIters)));
  it("LinearLR's defaults", () => expectPyTorch((lr) => schedule.LinearLR(lr), pytorch.linearLR(1 / 3, 1, 5)));

  it.each([0.5, 0.9, 0.999, 1, 1.02])("ExponentialLR times %d", (gamma) => expectPyTorch((lr) => schedule.ExponentialLR(lr, { gamma }), pytorch.exponentialLR(gamma)));

  it.each([[1, 1], [5, 2], [60, 0.5], [60, 3.7], [300, 0.9]])("PolynomialLR in %d steps, power %d", (totalIters, power) =>
    expectPyTorch((lr) => schedule.PolynomialLR(lr, { totalIters, power }), pytorch.polynomialLR(totalIters, power)));
  it("PolynomialLR's defaults", () => expectPyTorch((lr) => schedule.PolynomialLR(lr), pytorch.polynomialLR(5, 1)));

  it.each([[1, 0], [2, 0], [7, 1e-5], [50, 0], [50, 1e-4], [99, 0], [400, 1e-5]])("CosineAnnealingLR, tMax %d, etaMin %d, also past tMax", (tMax, etaMin) =>
    expectPyTorch((lr) => schedule.CosineAnnealingLR(lr, { tMax, etaMin }), pytorch.cosineAnnealingLR(tMax, etaMin)));
  it("CosineAnnealingLR rises again past tMax", () => {
    const made = schedule.CosineAnnealingLR(0.1, { tMax: 50 });
    expect([0, 50, 100].map((t) => made.at(t))).toEqual([0.1, 0, 0.1]);
    expect(made.at(51)).toBeGreaterThan(0);
  });

  it.each([[1, 1, 0], [10, 1, 0], [10, 2, 1e-5], [1, 2, 0], [7, 3, 0], [300, 2, 1e-4]])("CosineAnnealingWarmRestarts, t0 %d, tMult %d, etaMin %d", (t0, tMult, etaMin) =>
    expectPyTorch((lr) => schedule.CosineAnnealingWarmRestarts(lr, { t0, tMult, etaMin }), pytorch.cosineAnnealingWarmRestarts(t0, tMult, etaMin)));

  it("stop at the largest f32 where they grow without end", () => {
    for (const made of [schedule.StepLR(0.1, { stepSize: 1, gamma: 3 }), schedule.ExponentialLR(0.1, { gamma: 3 })]) {
      expect(made.at(1e6)).toBe(1e38);
      expect(made.at(1e15)).toBe(1e38);
    }
    for (const made of [schedule.StepLR(0, { stepSize: 1, gamma: 3 }), schedule.ExponentialLR(0, { gamma: 3 })]) expect(made.at(1e6)).toBe(0);
  });

  it("goes on with the rate after ConstantLR's factor of 0, by which PyTorch divides", () => {
    expect([0, 3, 4, 5, 100].map((t) => schedule.ConstantLR(0.1, { factor: 0, totalIters: 4 }).at(t))).toEqual([0, 0, 0.1, 0.1, 0.1]);
  });

  it("says how far a product of a user's factors goes", () => {
    const made = schedule.MultiplicativeLR(1, { lrLambda: () => 1 });
    expect(made.at(1000)).toBe(1);
    expect(made.at(10.5)).toBe(1);
    expect(() => made.at(1e9)).toThrow("MultiplicativeLR: a product is known only factor by factor, got step 1000000000, over 10000000; use LambdaLR");
  });
});

describe("SequentialLR", () => {
  it("a constant factor, then exponential: the example of PyTorch's manual", () =>
    expectPyTorch(
      (lr) => schedule.SequentialLR([schedule.ConstantLR(lr, { factor: 0.1, totalIters: 20 }), schedule.ExponentialLR(lr, { gamma: 0.9 })], { milestones: [20] }),
      pytorch.sequential([pytorch.constantLR(0.1, 20), pytorch.exponentialLR(0.9)], [20]),
    ));

  it("warmup, cosine, steps and a ramp, each from its own base rate", () =>
    expectPyTorch(
      (lr) =>
        schedule.SequentialLR(
          [
            schedule.LinearLR(lr, { startFactor: 0.01, totalIters: 10 }),
            schedule.CosineAnnealingLR(lr, { tMax: 60, etaMin: 1e-4 }),
            schedule.StepLR(lr, { stepSize: 9, gamma: 0.5 }),
            schedule.LinearLR(lr, { startFactor: 0.5, endFactor: 0.1, totalIters: 7 }),
          ],
          { milestones: [10, 80, 130] },
        ),
      pytorch.sequential([pytorch.linearLR(0.01, 1, 10), pytorch.cosineAnnealingLR(60, 1e-4), pytorch.stepLR(9, 0.5), pytorch.linearLR(0.5, 0.1, 7)], [10, 80, 130]),
    ));

  it("cuts schedules off before their end, and leaves one out between equal milestones", () =>
    expectPyTorch(
      (lr) =>
        schedule.SequentialLR(
          [schedule.PolynomialLR(lr, { totalIters: 50 }), schedule.StepLR(lr, { stepSize: 2 }), schedule.CosineAnnealingWarmRestarts(lr, { t0: 11, tMult: 2 }), schedule.MultiStepLR(lr, { milestones: [0, 5], gamma: 0.3 })],
          { milestones: [20, 20, 90] },
        ),
      pytorch.sequential([pytorch.polynomialLR(50, 1), pytorch.stepLR(2, 0.1), pytorch.cosineAnnealingWarmRestarts(11, 2, 0), pytorch.multiStepLR([0, 5], 0.3)], [20, 20, 90]),
    ));

  it("with functions", () =>
    expectPyTorch(
      (lr) => schedule.SequentialLR([schedule.MultiplicativeLR(lr, { lrLambda: nearOne }), schedule.LambdaLR(lr, { lrLambda: wave })], { milestones: [29] }),
      pytorch.sequential([pytorch.multiplicativeLR(nearOne), pytorch.lambdaLR(wave)], [29]),
      false,
    ));

  it("of one is that one", () => expect(schedule.SequentialLR([schedule.StepLR(1, { stepSize: 3 })], { milestones: [] }).at(3)).toBe(0.1));
});

describe("ChainedScheduler", () => {
  it("a constant factor and exponential: the example of PyTorch's manual", () =>
    expectPyTorch(
      (lr) => schedule.ChainedScheduler([schedule.ConstantLR(lr, { factor: 0.1, totalIters: 20 }), schedule.ExponentialLR(lr, { gamma: 0.9 })]),
      pytorch.chained(pytorch.constantLR(0.1, 20), pytorch.exponentialLR(0.9)),
    ));

  it("all that multiply the rate, in a chain of chains", () =>
    expectPyTorch(
      (lr) =>
        schedule.ChainedScheduler([
          schedule.ChainedScheduler([schedule.LinearLR(lr, { startFactor: 0.01, totalIters: 10 }), schedule.CosineAnnealingLR(lr, { tMax: 250 })]),
          schedule.StepLR(lr, { stepSize: 9, gamma: 0.5 }),
          schedule.MultiStepLR(lr, { milestones: [3, 100], gamma: 0.3 }),
          schedule.PolynomialLR(lr, { totalIters: 220 }),
          schedule.MultiplicativeLR(lr, { lrLambda: nearOne }),
        ]),
      pytorch.chained(
        pytorch.chained(pytorch.linearLR(0.01, 1, 10), pytorch.cosineAnnealingLR(250, 0)),
        pytorch.stepLR(9, 0.5),
        pytorch.multiStepLR([3, 100], 0.3),
        pytorch.polynomialLR(220, 1),
        pytorch.multiplicativeLR(nearOne),
      ),
      false,
    ));

  it("warmup and cosine, past tMax too: the warmup's factor is 1 by then", () =>
    expectPyTorch(
      (lr) => schedule.ChainedScheduler([schedule.LinearLR(lr, { startFactor: 0.1, totalIters: 10 }), schedule.CosineAnnealingLR(lr, { tMax: 40 })]),
      pytorch.chained(pytorch.linearLR(0.1, 1, 10), pytorch.cosineAnnealingLR(40, 0)),
    ));

  it("of a base rate of 0 is 0", () => expect(schedule.ChainedScheduler([schedule.StepLR(0, { stepSize: 2 }), schedule.LinearLR(0)]).at(7)).toBe(0));

  it.each<[string, () => Schedule]>([
    ["LambdaLR", () => schedule.LambdaLR(1, { lrLambda: () => 1 })],
    ["CosineAnnealingWarmRestarts", () => schedule.CosineAnnealingWarmRestarts(1, { t0: 3 })],
    ["CosineAnnealingLR with etaMin", () => schedule.CosineAnnealingLR(1, { tMax: 3, etaMin: 0.1 })],
    ["CyclicLR", () => schedule.CyclicLR({ baseLr: 0, maxLr: 1 }).lr],
    ["SequentialLR", () => schedule.SequentialLR([schedule.StepLR(1, { stepSize: 3 })].concat(schedule.LinearLR(1)), { milestones: [3] })],
    ["a schedule of the catalogue", () => schedule.linear({ from: 1, steps: 3 })],
  ])("refuses %s, which PyTorch does not compute by multiplying", (_name, make) => {
    expect(() => schedule.ChainedScheduler([schedule.StepLR(1, { stepSize: 3 }), make()])).toThrow("ChainedScheduler: schedulers that multiply the rate can be chained, such as LinearLR or StepLR, got another one at place 1");
  });
});

const step = (): Schedule => schedule.StepLR(1, { stepSize: 3 });

describe("bad options are refused", () => {
  it.each<[() => unknown, string]>([
    [() => schedule.StepLR(-1, { stepSize: 3 }), "StepLR: lr must be a finite number >= 0, got -1"],
    [() => schedule.StepLR(NaN, { stepSize: 3 }), "StepLR: lr must be a finite number >= 0, got NaN"],
    [() => schedule.StepLR(1, {} as never), "StepLR: stepSize must be a whole number >= 1, got undefined"],
    [() => schedule.StepLR(1, undefined as never), "StepLR: stepSize must be a whole number >= 1, got undefined"],
    [() => schedule.StepLR(1, { stepSize: 0 }), "StepLR: stepSize must be a whole number >= 1, got 0"],
    [() => schedule.StepLR(1, { stepSize: 1.5 }), "StepLR: stepSize must be a whole number >= 1, got 1.5"],
    [() => schedule.StepLR(1, { step_size: 3 } as never), 'StepLR: unknown option "step_size"; known options: stepSize, gamma'],
    [() => schedule.StepLR(1, { stepSize: 3, gamma: -1 }), "StepLR: gamma must be a finite number >= 0, got -1"],
    [() => schedule.MultiStepLR(1, { milestones: [5, 3] }), "MultiStepLR: milestones must be in increasing order, got 3 after 5"],
    [() => schedule.MultiStepLR(1, { milestones: [-1] }), "MultiStepLR: milestone 0 must be a whole number >= 0, got -1"],
    [() => schedule.MultiStepLR(1, { milestones: 3 } as never), "MultiStepLR: milestones must be a list of steps, got number"],
    [() => schedule.MultiStepLR(1, { gamma: 1 } as never), "MultiStepLR: milestones must be a list of steps, got none"],
    [() => schedule.ConstantLR(1, { factor: 2 }), "ConstantLR: factor must be a finite number >= 0 and <= 1, got 2"],
    [() => schedule.ConstantLR(1, { totalIters: 0 }), "ConstantLR: totalIters must be a whole number >= 1, got 0"],
    [() => schedule.LinearLR(1, { startFactor: 0 }), "LinearLR: startFactor must be a finite number > 0 and <= 1, got 0"],
    [() => schedule.LinearLR(1, { endFactor: 1.1 }), "LinearLR: endFactor must be a finite number >= 0 and <= 1, got 1.1"],
    [() => schedule.LinearLR(1, { totalIters: 0 }), "LinearLR: totalIters must be a whole number >= 1, got 0"],
    [() => schedule.LinearLR(1, { lastEpoch: 3 } as never), 'LinearLR: unknown option "lastEpoch"'],
    [() => schedule.ExponentialLR(1, { gamma: 0 }), "ExponentialLR: gamma must be a finite number > 0, got 0"],
    [() => schedule.ExponentialLR(1, undefined as never), "ExponentialLR: gamma must be a finite number > 0, got undefined"],
    [() => schedule.PolynomialLR(1, { totalIters: 0 }), "PolynomialLR: totalIters must be a whole number >= 1, got 0"],
    [() => schedule.PolynomialLR(1, { power: 0 }), "PolynomialLR: power must be a finite number > 0, got 0"],
    [() => schedule.CosineAnnealingLR(1, { tMax: 0 }), "CosineAnnealingLR: tMax must be a whole number >= 1, got 0"],
    [() => schedule.CosineAnnealingLR(1, { tMax: 3, etaMin: -1 }), "CosineAnnealingLR: etaMin must be a finite number >= 0, got -1"],
    [() => schedule.CosineAnnealingWarmRestarts(1, { t0: 0 }), "CosineAnnealingWarmRestarts: t0 must be a whole number >= 1, got 0"],
    [() => schedule.CosineAnnealingWarmRestarts(1, { t0: 3, tMult: 1.5 }), "CosineAnnealingWarmRestarts: tMult must be a whole number >= 1, got 1.5"],
    [() => schedule.LambdaLR(1, { lrLambda: 3 } as never), "LambdaLR: lrLambda must be a function of the step, got 3"],
    [() => schedule.LambdaLR(1, { lrLambda: () => NaN }).at(2), "lambda: the function must return a finite number, got NaN at step 2"],
    [() => schedule.MultiplicativeLR(1, {} as never), "MultiplicativeLR: lrLambda must be a function of the step, got none"],
    [() => schedule.SequentialLR([], { milestones: [] }), "SequentialLR: needs a list of schedulers, got an empty one"],
    [() => schedule.SequentialLR([step(), step()], { milestones: [] }), "SequentialLR: needs one milestone less than schedulers, got 0 for 2"],
    [() => schedule.SequentialLR([step(), step()], { milestones: [0] }), "SequentialLR: milestone 0 must be a whole number >= 1, got 0"],
    [() => schedule.SequentialLR([step(), step(), step()], { milestones: [5, 3] }), "SequentialLR: milestones must be in increasing order, got 3 after 5"],
    [() => schedule.SequentialLR([step(), schedule.CyclicLR({ baseLr: 0, maxLr: 1 })] as never, { milestones: [3] }), "SequentialLR: needs schedules, got a value of type object at place 1; of OneCycleLR and CyclicLR take .lr"],
    [() => schedule.ChainedScheduler([]), "ChainedScheduler: needs a list of schedulers, got an empty one"],
    [() => schedule.ChainedScheduler(step() as never), "ChainedScheduler: needs a list of schedulers, got a value of type object"],
    [() => schedule.ChainedScheduler([step(), schedule.StepLR(2, { stepSize: 3 })]), "ChainedScheduler: all schedulers need the same base rate, got 1, 2"],
  ])("case %#", (make, message) => {
    expect(make).toThrow(UsageError);
    expect(make).toThrow(message);
  });
});
