import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import * as schedule from "../../src/schedule/index.js";
import { getScheduler, type Schedule, type SchedulerName } from "../../src/schedule/index.js";
import * as huggingface from "../support/huggingface_schedulers.js";
import { expectFormula, expectSameAfterJSON } from "../support/schedules.js";

const lrs = [0.1, 3e-4, 2];

/** lr times the factor at every step, for each base rate; and the same after JSON. */
function expectFactor(ours: (lr: number) => Schedule, factor: (t: number) => number): void {
  for (const lr of lrs) {
    const made = ours(lr);
    expectFormula(made, (t) => lr * factor(t));
    expectSameAfterJSON(made);
  }
}

/** Trainings of every kind: without a warmup, with a long one, with one that is longer than all of it. */
const trainings = [0, 1, 10, 49].flatMap((warmupSteps) => [30, 50, 150, 300].map((steps) => ({ warmupSteps, steps })));

describe("Hugging Face's schedules, against the factors of LambdaLR", () => {
  it("constant", () => {
    expectFactor((lr) => getScheduler("constant", lr, {}), () => 1);
    expectFactor(schedule.getConstantSchedule, () => 1);
  });

  it.each([0, 1, 10, 49, 500])("constant_with_warmup and inverse_sqrt after %d steps", (warmupSteps) => {
    expectFactor((lr) => getScheduler("constant_with_warmup", lr, { warmupSteps }), huggingface.constantWithWarmup({ warmupSteps }));
    expectFactor((lr) => schedule.getConstantScheduleWithWarmup(lr, { warmupSteps }), huggingface.constantWithWarmup({ warmupSteps }));
    for (const timescale of [{}, { timescale: 37 }, { timescale: 0.5 }]) {
      expectFactor((lr) => getScheduler("inverse_sqrt", lr, { warmupSteps, ...timescale }), huggingface.inverseSqrt({ warmupSteps, ...timescale }));
      expectFactor((lr) => schedule.getInverseSqrtSchedule(lr, { warmupSteps, ...timescale }), huggingface.inverseSqrt({ warmupSteps, ...timescale }));
    }
  });

  describe.each(trainings)("warmup $warmupSteps of $steps", (training) => {
    it("linear", () => {
      expectFactor((lr) => getScheduler("linear", lr, training), huggingface.linear(training));
      expectFactor((lr) => schedule.getLinearScheduleWithWarmup(lr, training), huggingface.linear(training));
    });

    it.each([0.5, 1, 2, 0.25, 1.5])("cosine and cosine_with_min_lr, %d waves", (numCycles) => {
      const options = { ...training, numCycles };
      expectFactor((lr) => getScheduler("cosine", lr, options), huggingface.cosine(options));
      expectFactor((lr) => schedule.getCosineScheduleWithWarmup(lr, options), huggingface.cosine(options));
      for (const minLrRate of [0, 0.1, 1]) {
        expectFactor((lr) => getScheduler("cosine_with_min_lr", lr, { ...options, minLrRate }), huggingface.cosine({ ...options, minLrRate }));
        expectFactor((lr) => schedule.getCosineWithMinLrScheduleWithWarmup(lr, { ...options, minLrRate }), huggingface.cosine({ ...options, minLrRate }));
      }
    });

    it.each([1, 2, 3, 5, 2.5])("cosine_with_restarts, %d cycles", (numCycles) => {
      const options = { ...training, numCycles };
      expectFactor((lr) => getScheduler("cosine_with_restarts", lr, options), huggingface.cosineWithRestarts(options));
      expectFactor((lr) => schedule.getCosineWithHardRestartsScheduleWithWarmup(lr, options), huggingface.cosineWithRestarts(options));
    });

    it.each([1, 2, 0.5])("polynomial, power %d", (power) => {
      for (const lrEnd of [1e-7, 0, 2e-4]) {
        for (const lr of lrs) {
          const want = huggingface.polynomial({ ...training, power, lrEnd, initial: lr });
          for (const made of [getScheduler("polynomial", lr, { ...training, power, lrEnd }), schedule.getPolynomialDecayScheduleWithWarmup(lr, { ...training, power, lrEnd })]) {
            expectFormula(made, (t) => lr * want(t));
          }
        }
        expectFactor((lr) => getScheduler("polynomial", lr, { ...training, power, lrEnd, defaultLr: 0.1 }), huggingface.polynomial({ ...training, power, lrEnd, initial: 0.1 }));
      }
    });

    it("cosine_with_min_lr with a rate, measured against the optimizer's own", () => {
      const wanted = huggingface.cosine({ ...training, numCycles: 0.5, minLrRate: 0.02 / 0.1 });
      expectFactor((lr) => getScheduler("cosine_with_min_lr", lr, { ...training, minLr: 0.02, defaultLr: 0.1 }), wanted);
      expectFormula(getScheduler("cosine_with_min_lr", 0.1, { ...training, minLr: 0.02 }), (t) => 0.1 * wanted(t));
    });

    it.each([undefined, 0, 0.3])("cosine_warmup_with_min_lr, warmup from %s", (warmupLrRate) => {
      const start = warmupLrRate === undefined ? {} : { warmupLrRate };
      for (const numCycles of [0.5, 1.5]) {
        for (const minLrRate of [0, 0.2]) {
          const options = { ...training, numCycles, minLrRate, ...start };
          expectFactor((lr) => getScheduler("cosine_warmup_with_min_lr", lr, options), huggingface.cosineWarmupWithMinLr(options));
          expectFactor((lr) => schedule.getCosineWithMinLrScheduleWithWarmupLrRate(lr, options), huggingface.cosineWarmupWithMinLr(options));
        }
      }
    });
  });

  const types = ["linear", "cosine", "1-sqrt"] as const;
  it.each(types.flatMap((warmupType) => types.map((decayType) => ({ warmupType, decayType }))))("warmup_stable_decay, $warmupType up and $decayType down", ({ warmupType, decayType }) => {
    for (const [warmupSteps, stableSteps, decaySteps] of [[0, 20, 40], [10, 20, 40], [1, 0, 1], [10, 30, 0], [49, 51, 300]] as const) {
      for (const minLrRatio of [0, 0.1]) {
        for (const numCycles of decayType === "cosine" ? [0.5, 1.5] : [0.5]) {
          const options = { warmupSteps, stableSteps, decaySteps, warmupType, decayType, minLrRatio, numCycles };
          const want = huggingface.warmupStableDecay(options);
          expectFactor((lr) => getScheduler("warmup_stable_decay", lr, options), want);
          const { stableSteps: _, ...rest } = options;
          expectFactor((lr) => schedule.getWsdSchedule(lr, { ...rest, steps: warmupSteps + stableSteps + decaySteps }), want);
        }
      }
    }
  });

  it("has Hugging Face's defaults", () => {
    const training = { warmupSteps: 10, steps: 110 };
    expectFactor((lr) => getScheduler("cosine", lr, training), huggingface.cosine({ ...training, numCycles: 0.5 }));
    expectFactor((lr) => getScheduler("cosine_with_restarts", lr, training), huggingface.cosineWithRestarts({ ...training, numCycles: 1 }));
    expectFactor((lr) => getScheduler("cosine_with_min_lr", lr, { ...training, minLrRate: 0.1 }), huggingface.cosine({ ...training, numCycles: 0.5, minLrRate: 0.1 }));
    expectFormula(getScheduler("polynomial", 0.1, training), (t) => 0.1 * huggingface.polynomial({ ...training, lrEnd: 1e-7, power: 1, initial: 0.1 })(t));
    const wsd = { warmupSteps: 10, stableSteps: 60, decaySteps: 30, warmupType: "linear", decayType: "cosine", minLrRatio: 0, numCycles: 0.5 } as const;
    expectFactor((lr) => getScheduler("warmup_stable_decay", lr, { warmupSteps: 10, steps: 100, decaySteps: 30 }), huggingface.warmupStableDecay(wsd));
  });

  it("rises again past the end with cosine, as there, and stays at 0 with linear and restarts", () => {
    const training = { warmupSteps: 10, steps: 110 };
    expect([110, 160, 210].map((t) => getScheduler("cosine", 1, training).at(t))).toEqual([0, expect.closeTo(0.5, 12), 1]);
    for (const name of ["linear", "cosine_with_restarts"] as const) for (const t of [110, 160, 1e6]) expect(getScheduler(name, 1, training).at(t)).toBe(0);
  });

  it("restarts at every restart, also where Hugging Face's rounding misses one", () => {
    const made = getScheduler("cosine_with_restarts", 1, { warmupSteps: 0, steps: 220, numCycles: 22 });
    for (let t = 0; t < 220; t += 10) expect(made.at(t)).toBe(1);
    expect(huggingface.cosineWithRestarts({ warmupSteps: 0, steps: 220, numCycles: 22 })(150)).toBeLessThan(1e-15);
  });

  it("takes warmupSteps and steps under every name, so that one set of options can try several", () => {
    const names: SchedulerName[] = ["constant", "constant_with_warmup", "linear", "cosine", "cosine_with_restarts", "polynomial", "inverse_sqrt"];
    for (const name of names) expect(getScheduler(name, 0.1, { warmupSteps: 10, steps: 100 }).at(10)).toBeCloseTo(0.1, 12);
  });
});

const training = { warmupSteps: 3, steps: 10 };

describe("bad options are refused", () => {
  it.each<[() => unknown, string]>([
    [() => getScheduler("reduce_lr_on_plateau" as never, 1, {} as never), 'getScheduler: reduce_lr_on_plateau follows a metric and is no function of the step, got "reduce_lr_on_plateau"; use new optim.ReduceLROnPlateau(optimizer'],
    [() => getScheduler("cosin" as never, 1, {} as never), 'getScheduler: unknown name, got "cosin"; use constant, constant_with_warmup, linear, cosine'],
    [() => getScheduler("toString" as never, 1, {} as never), 'getScheduler: unknown name, got "toString"'],
    [() => getScheduler(undefined as never, 1, {} as never), "getScheduler: unknown name, got none"],
    [() => getScheduler("linear", -1, training), 'getScheduler("linear"): lr must be a finite number >= 0, got -1'],
    [() => getScheduler("linear", 1, undefined as never), 'getScheduler("linear"): warmupSteps must be a whole number >= 0, got undefined'],
    [() => getScheduler("linear", 1, { warmupSteps: 3 } as never), 'getScheduler("linear"): steps must be a whole number >= 0, got undefined'],
    [() => getScheduler("linear", 1, { ...training, numCycles: 1 } as never), 'getScheduler("linear"): unknown option "numCycles"; known options: warmupSteps, steps'],
    [() => schedule.getLinearScheduleWithWarmup(1, { warmupSteps: 1.5, steps: 3 }), "getLinearScheduleWithWarmup: warmupSteps must be a whole number >= 0, got 1.5"],
    [() => getScheduler("constant", 1, { power: 1 } as never), 'getScheduler("constant"): unknown option "power"'],
    [() => schedule.getConstantSchedule(NaN), "getConstantSchedule: lr must be a finite number >= 0, got NaN"],
    [() => getScheduler("cosine", 1, { ...training, numCycles: 0 }), 'getScheduler("cosine"): numCycles must be a finite number > 0, got 0'],
    [() => getScheduler("cosine_with_restarts", 1, { ...training, numCycles: -1 }), "numCycles must be a finite number > 0, got -1"],
    [() => getScheduler("polynomial", 1e-8, training), 'getScheduler("polynomial"): lrEnd must be below the rate, got 1e-7 and 1e-8'],
    [() => getScheduler("polynomial", 1, { ...training, power: 0 }), "power must be a finite number > 0, got 0"],
    [() => getScheduler("polynomial", 1, { ...training, lrEnd: -1 }), "lrEnd must be a finite number >= 0, got -1"],
    [() => getScheduler("inverse_sqrt", 1, { warmupSteps: 3, timescale: 0 }), "timescale must be a finite number > 0, got 0"],
    [() => getScheduler("cosine_with_min_lr", 1, training), 'getScheduler("cosine_with_min_lr"): needs either minLr or minLrRate, got neither'],
    [() => getScheduler("cosine_with_min_lr", 1, { ...training, minLr: 0, minLrRate: 0 }), "needs either minLr or minLrRate, got both"],
    [() => getScheduler("cosine_with_min_lr", 1, { ...training, minLr: -1 }), "minLr must be a finite number >= 0, got -1"],
    [() => getScheduler("cosine_warmup_with_min_lr", 1, { ...training, minLrRate: -1 }), "minLrRate must be a finite number >= 0, got -1"],
    [() => getScheduler("cosine_warmup_with_min_lr", 1, { ...training, minLr: 0, warmupLrRate: -1 }), "warmupLrRate must be a finite number >= 0, got -1"],
    [() => getScheduler("warmup_stable_decay", 1, { warmupSteps: 3, decaySteps: 3 }), 'getScheduler("warmup_stable_decay"): needs stableSteps or steps, got neither'],
    [() => schedule.getWsdSchedule(1, { warmupSteps: 3, decaySteps: 3, steps: 5 }), "getWsdSchedule: the parts must add up to steps, got warmupSteps 3, stableSteps what is left and decaySteps 3 of 5"],
    [() => schedule.getWsdSchedule(1, { warmupSteps: 3, stableSteps: 3, decaySteps: 3, steps: 10 }), "the parts must add up to steps, got warmupSteps 3, stableSteps 3 and decaySteps 3 of 10"],
    [() => schedule.getWsdSchedule(1, { warmupSteps: 3, stableSteps: 3, decaySteps: 3, decayType: "sqrt" as never }), 'getWsdSchedule: unknown decayType, got "sqrt"; use linear, cosine, 1-sqrt'],
    [() => schedule.getWsdSchedule(1, { warmupSteps: 3, stableSteps: 3, decaySteps: 3, warmupType: "sqrt" as never }), 'getWsdSchedule: unknown warmupType, got "sqrt"'],
    [() => schedule.getWsdSchedule(1, { warmupSteps: 3, stableSteps: 3 } as never), "getWsdSchedule: decaySteps must be a whole number >= 0, got undefined"],
  ])("case %#", (make, message) => {
    expect(make).toThrow(UsageError);
    expect(make).toThrow(message);
  });
});
