import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import { Plateau, type PlateauOptions, type PlateauState } from "../../src/schedule/index.js";
import { plateauRates, pytorchDefaults, type PlateauSettings } from "../support/plateau_reference.js";

/** The groups' rates after each metric, as an optimizer with plain numbers has them; its state goes through JSON each time. */
function rates(options: PlateauOptions, bases: readonly number[], metrics: readonly number[]): number[][] {
  let [now, state] = [[...bases], new Plateau(options).state];
  return metrics.map((metric) => {
    const plateau = new Plateau(options);
    plateau.state = JSON.parse(JSON.stringify(state)) as PlateauState;
    if (plateau.observe(metric)) now = now.map((lr, group) => plateau.reduce(lr, group));
    state = plateau.state;
    return now;
  });
}

const bases = [0.1, 3e-4, 2];

function expectPyTorch(options: Partial<PlateauSettings>, metrics: readonly number[]): void {
  const want = plateauRates({ ...pytorchDefaults, minLr: [0, 0, 0], ...options }, bases, metrics);
  const got = rates(options, bases, metrics);
  const isClose = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-12 * Math.abs(b);
  metrics.forEach((_, i) => expect(got[i]!.every((rate, group) => isClose(rate, want[i]![group]!)), `after metric ${i}: got ${got[i]}, want ${want[i]}`).toBe(true));
}

const noisy = (i: number): number => 1 + Math.exp(-i / 20) + 0.05 * Math.sin(7 * i);
const metrics = Array.from({ length: 300 }, (_, i) => noisy(i));

describe("the plateau rule, against PyTorch's", () => {
  it("with the defaults, over a loss that levels off", () => {
    expectPyTorch({}, metrics);
    expect(rates({}, bases, metrics).at(-1)![0]).toBeLessThan(1e-3); // it does reduce
  });

  it.each<Partial<PlateauSettings>>([
    { patience: 0 },
    { patience: 3, factor: 0.5, cooldown: 4 },
    { patience: 2, cooldown: 1, threshold: 0.05 },
    { patience: 2, thresholdMode: "abs", threshold: 0.02 },
    { patience: 3, mode: "max" },
    { patience: 3, mode: "max", thresholdMode: "abs", threshold: 0.01, factor: 0.9 },
    { patience: 1, mode: "max", threshold: 0.03 },
    { patience: 1, factor: 0.3, minLr: [0.01, 0, 0.5] },
    { patience: 0, factor: 0.1, eps: 1e-3 },
    { patience: 1, factor: 0 },
    { patience: 5, minLr: [1, 1, 1] },
  ])("with %j", (options) => {
    expectPyTorch(options, metrics);
    expectPyTorch(options, metrics.map((metric) => -metric));
    expectPyTorch(options, metrics.map((metric, i) => (i % 9 === 0 ? NaN : metric)));
  });

  it("whatever the options and the metrics are", () =>
    fc.assert(
      fc.property(
        fc.record({
          mode: fc.constantFrom("min" as const, "max" as const),
          thresholdMode: fc.constantFrom("rel" as const, "abs" as const),
          factor: fc.double({ min: 0, max: 0.999, noNaN: true }),
          patience: fc.integer({ min: 0, max: 4 }),
          cooldown: fc.integer({ min: 0, max: 4 }),
          threshold: fc.double({ min: 0, max: 0.5, noNaN: true }),
          eps: fc.constantFrom(0, 1e-8, 1e-2),
          minLr: fc.array(fc.constantFrom(0, 1e-3, 0.5), { minLength: 3, maxLength: 3 }),
        }),
        fc.array(fc.oneof(fc.double({ min: -3, max: 3, noNaN: true }), fc.constant(NaN)), { maxLength: 40 }),
        expectPyTorch,
      ),
      { numRuns: 500 },
    ));
});

describe("Plateau", () => {
  it("reduces after more than `patience` metrics that are no better", () => {
    const plateau = new Plateau({ patience: 2 });
    expect([5, 4, 4, 4, 4, 4, 4, 4].map((metric) => plateau.observe(metric))).toEqual([false, false, false, false, true, false, false, true]);
    expect(plateau.scale).toBeCloseTo(0.01, 12);
    expect(plateau.state).toEqual({ best: 4, bad: 0, cooldown: 0, observed: 8, reduced: 2 });
  });

  it("does not count metrics while it cools down", () => {
    const plateau = new Plateau({ patience: 0, cooldown: 2 });
    expect([1, 1, 1, 1, 1, 1].map((metric) => plateau.observe(metric))).toEqual([false, true, false, false, true, false]);
  });

  it("takes what is not finite for no improvement", () => {
    const plateau = new Plateau({ patience: 0 });
    expect([NaN, 3, -Infinity, NaN, 2].map((metric) => plateau.observe(metric))).toEqual([true, false, true, true, false]);
    expect(plateau.state.best).toBe(2);
    expect(JSON.parse(JSON.stringify(new Plateau().state))).toEqual({ best: null, bad: 0, cooldown: 0, observed: 0, reduced: 0 });
  });

  it("never raises a rate, and leaves one alone that would change by no more than eps", () => {
    const plateau = new Plateau({ minLr: [0.5, 0], eps: 0.01 });
    expect(plateau.reduce(0.3, 0)).toBe(0.3);
    expect(plateau.reduce(1, 0)).toBe(0.5);
    expect(plateau.reduce(0.01, 1)).toBe(0.01);
    expect(plateau.reduce(1, 1)).toBe(0.1);
    expect(() => plateau.reduce(1, 2)).toThrow("Plateau: minLr needs one value a group, got none for group 2");
  });

  it("is not changed by what it was made of", () => {
    const minLr = [0.5];
    const plateau = new Plateau({ minLr });
    minLr[0] = 0;
    expect(plateau.reduce(1)).toBe(0.5);
  });

  it.each<[unknown, string]>([
    [{ mode: "low" }, 'Plateau: unknown mode, got "low"; use min, max'],
    [{ thresholdMode: "relative" }, 'Plateau: unknown thresholdMode, got "relative"; use rel, abs'],
    [{ factor: 1 }, "Plateau: factor must be a finite number >= 0 and < 1, got 1"],
    [{ factor: -0.1 }, "Plateau: factor must be a finite number >= 0 and < 1, got -0.1"],
    [{ patience: -1 }, "Plateau: patience must be a whole number >= 0, got -1"],
    [{ patience: 0.5 }, "Plateau: patience must be a whole number >= 0, got 0.5"],
    [{ threshold: -1 }, "Plateau: threshold must be a finite number >= 0 and < 1, got -1"],
    [{ threshold: 1 }, "Plateau: threshold must be a finite number >= 0 and < 1, got 1"],
    [{ cooldown: NaN }, "Plateau: cooldown must be a whole number >= 0, got NaN"],
    [{ minLr: -1 }, "Plateau: minLr must be a finite number >= 0, got -1"],
    [{ minLr: [0, "1"] }, 'Plateau: minLr must be a finite number >= 0, got "1"'],
    [{ eps: -1 }, "Plateau: eps must be a finite number >= 0, got -1"],
    [{ min_lr: 1 }, 'Plateau: unknown option "min_lr"; known options: mode, factor, patience'],
  ])("refuses options %#", (options, message) => {
    expect(() => new Plateau(options as PlateauOptions)).toThrow(UsageError);
    expect(() => new Plateau(options as PlateauOptions)).toThrow(message);
  });

  it("refuses a metric that is no number", () => {
    for (const metric of ["1", undefined, null, { item: 1 }]) expect(() => new Plateau().observe(metric as never)).toThrow("Plateau: the metric must be a number, got");
  });

  const state = new Plateau().state;
  it.each<[unknown, string]>([
    [null, "Plateau: state must be an object, got null"],
    [{ ...state, best: "1" }, 'Plateau: state: best must be a finite number, got "1"'],
    [{ ...state, bad: -1 }, "Plateau: state: bad must be a whole number >= 0, got -1"],
    [{ ...state, extra: 1 }, 'Plateau: state: unknown option "extra"'],
    [{ best: 1 }, "Plateau: state: bad must be a whole number >= 0, got undefined"],
  ])("refuses state %# and keeps its own", (bad, message) => {
    const plateau = new Plateau();
    plateau.observe(3);
    expect(() => (plateau.state = bad as PlateauState)).toThrow(UsageError);
    expect(() => (plateau.state = bad as PlateauState)).toThrow(message);
    expect(plateau.state).toEqual({ best: 3, bad: 0, cooldown: 0, observed: 1, reduced: 0 });
  });
});
