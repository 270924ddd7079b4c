import { describe, expect, it } from "vitest";
import { constant, cosine, exponential, inverseSqrt, inverseTime, lambda, linear, piecewise, polynomial, powerLaw } from "../../src/schedule/index.js";
import { edges, expectFormula, firstSteps } from "../support/schedules.js";

const lengths = [1, 2, 7, 100, 12_345];
const long = [1e6, 1e9, 1e12, 1e15];

describe("constant", () => {
  it("is the same everywhere", () => expectFormula(constant(0.25), () => 0.25, [...firstSteps, ...long]));
  it("ends only where it was told to", () => {
    expect(constant(1).steps).toBe(Infinity);
    expect(constant(1, { steps: 7 }).steps).toBe(7);
  });
});

describe.each(lengths)("decays of %i steps", (n) => {
  const steps = [...edges(n), ...firstSteps];

  it("linear", () => {
    expectFormula(linear({ from: 2, to: 0.5, steps: n }), (t) => (t < n ? (2 * (n - t) + 0.5 * t) / n : 0.5), steps);
    expectFormula(linear({ from: 2, steps: n }), (t) => (t < n ? 2 * ((n - t) / n) : 0), steps);
    expectFormula(linear({ from: -1, to: 3, steps: n }), (t) => (t < n ? (3 * t - (n - t)) / n : 3), steps);
  });

  it("cosine", () => {
    expectFormula(cosine({ from: 1, steps: n }), (t) => (t < n ? 0.5 * (1 + Math.cos((Math.PI * t) / n)) : 0), steps);
    expectFormula(cosine({ from: 1, to: 0.1, steps: n }), (t) => (t < n ? 0.1 + 0.9 * 0.5 * (1 + Math.cos((Math.PI * t) / n)) : 0.1), steps);
  });

  it.each([0.5, 0.9, 1, 2, 7])("polynomial of power %d", (power) => {
    expectFormula(polynomial({ from: 1, power, steps: n }), (t) => (t < n ? Math.pow(1 - t / n, power) : 0), steps);
    expectFormula(polynomial({ from: 2, to: 0.5, power, steps: n }), (t) => (t < n ? 0.5 + 1.5 * Math.pow(1 - t / n, power) : 0.5), steps);
  });

  it("start exactly at from and end exactly at to", () => {
    for (const decay of [linear, cosine, polynomial]) {
      const s = decay({ from: 0.1, to: 0.3, steps: n });
      expect(s.at(0)).toBe(0.1);
      for (const t of [n, n + 0.5, n + 1, ...long]) expect(s.at(t)).toBe(0.3);
      expect(s.steps).toBe(n);
    }
  });
});

describe("decays of 0 steps", () => {
  it.each([linear, cosine, polynomial])("%o are the end value", (decay) => {
    for (const t of edges(0)) expect(decay({ from: 1, to: 0.1, steps: 0 }).at(t)).toBe(0.1);
  });
});

describe("exponential", () => {
  it("multiplies by the factor every step", () => {
    let want = 0.3;
    const s = exponential({ from: 0.3, factor: 0.97 });
    for (let t = 0; t < 200; t++, want *= 0.97) expect(Math.abs(s.at(t) / want - 1)).toBeLessThan(1e-12);
    expect(s.steps).toBe(Infinity);
  });

  it("halves every half-life", () => {
    expectFormula(exponential({ from: 0.3, halfLife: 25 }), (t) => 0.3 * Math.exp((-Math.LN2 * t) / 25));
    const s = exponential({ from: 1, halfLife: 10 });
    for (let k = 0; k < 20; k++) expect(s.at(10 * k)).toBe(2 ** -k);
  });

  it("does not lose a half-life of 1e18 steps, nor a factor next to 1", () => {
    expectFormula(exponential({ from: 1, halfLife: 1e18 }), (t) => 1 - (Math.LN2 * t) / 1e18, [1e9, 1e12]);
    expect(exponential({ from: 1, halfLife: 1e18 }).at(1e15)).toBeCloseTo(1 - Math.LN2 * 1e-3, 6);
    expect(exponential({ from: 1, halfLife: 1e15 }).at(1e15)).toBe(0.5);
    expectFormula(exponential({ from: 1, factor: 1 - 2 ** -30 }), (t) => Math.exp(t * Math.log1p(-(2 ** -30))), [1, 1e6, 1e9, 1e10]);
  });

  it("underflows to 0, never to NaN or a negative number", () => {
    for (const t of long) expect(exponential({ from: 1, factor: 0.9 }).at(t)).toBe(0);
    for (const t of long) expect(exponential({ from: 1, halfLife: 1e-3 }).at(t)).toBe(0);
    expect(exponential({ from: 0, factor: 1.5, steps: 100_000 }).at(1e5)).toBe(0);
    expect(exponential({ from: 1, halfLife: Number.MIN_VALUE }).at(0)).toBe(1);
  });

  it("stops at its floor and says when", () => {
    const s = exponential({ from: 1, factor: 0.5, to: 0.1 });
    expect([0, 1, 2, 3, 4, 5, 1e15].map((t) => s.at(t))).toEqual([1, 0.5, 0.25, 0.125, 0.1, 0.1, 0.1]);
    expect(s.steps).toBeGreaterThanOrEqual(4);
    expect(s.steps).toBeLessThanOrEqual(6);
    expect(s.then(linear({ steps: 10 })).at(s.steps)).toBe(0.1);
    expect(exponential({ from: 1, factor: 0.5, to: 0 }).steps).toBe(Infinity);
    expect(exponential({ from: 1, factor: 1, to: 0.5 }).steps).toBe(Infinity);
    expect(exponential({ from: 1, factor: 0.5, to: 1 }).steps).toBe(0);
  });

  it("grows to its ceiling, or for its steps, as a range test does", () => {
    const s = exponential({ from: 1e-7, factor: 10 ** 0.1, to: 10 });
    expectFormula(s, (t) => (t < 80 ? 1e-7 * Math.exp((t * Math.LN10) / 10) : 10), firstSteps.filter((t) => t !== 80));
    expect(s.at(100)).toBe(10);
    expectFormula(exponential({ from: 1, factor: 1.5, steps: 20 }), (t) => Math.exp(Math.min(t, 20) * Math.log(1.5)));
    expect(exponential({ from: 1, factor: 1.5, steps: 20 }).steps).toBe(20);
  });

  it("holds its value from steps on", () => {
    const s = exponential({ from: 1, factor: 0.5, steps: 3 });
    expect([2, 3, 4, 1e9].map((t) => s.at(t))).toEqual([0.25, 0.125, 0.125, 0.125]);
    expect(s.then(cosine({ steps: 2 })).at(3)).toBe(0.125);
  });
});

describe("inverse time", () => {
  it.each([0.5, 0.75, 1, 2])("power %d", (power) => {
    expectFormula(inverseTime({ from: 0.3, rate: 0.02, power }), (t) => 0.3 / Math.pow(1 + 0.02 * t, power), [...firstSteps, ...long]);
  });
  it("is 1/t by default", () => expectFormula(inverseTime({ from: 1, rate: 1 }), (t) => 1 / (1 + t)));
  it("keeps a rate that 1 + rate * t would lose", () => {
    // (1 + 1e-17 t)^-(1e17) is exp(-t) to first order in 1e-17 t^2.
    expectFormula(inverseTime({ from: 1, rate: 1e-17, power: 1e17 }), (t) => Math.exp(-t), [0, 1, 10, 100]);
  });
  it("of rate 0 is constant", () => expectFormula(inverseTime({ from: 0.3, rate: 0 }), () => 0.3, [...firstSteps, ...long]));
  it("stays finite with extreme numbers", () => expect(inverseTime({ from: 1e300, rate: 1e100, power: 1e300 }).at(1e15)).toBe(0));
});

describe("power law and inverse square root", () => {
  it("falls with a power of the step's number", () => expectFormula(powerLaw({ from: 0.3, power: 0.51 }), (t) => 0.3 / Math.pow(t + 1, 0.51), [...firstSteps, ...long]));
  it("is flat for its timescale: min(from, a n^-power)", () => {
    const a = 0.3 * Math.pow(50, 0.8);
    expectFormula(powerLaw({ from: 0.3, power: 0.8, timescale: 50 }), (t) => Math.min(0.3, a * Math.pow(t + 1, -0.8)), [...firstSteps, ...long]);
    expect(powerLaw({ from: 0.3, power: 0.8, timescale: 50 }).at(49)).toBe(0.3);
  });
  it("inverse square root with a time scale", () => {
    expectFormula(inverseSqrt({ from: 0.3, timescale: 100 }), (t) => 0.3 / Math.sqrt(1 + t / 100), [...firstSteps, ...long]);
    expect(inverseSqrt({ from: 0.3, timescale: 100 }).at(300)).toBe(0.15);
  });
});

describe("piecewise", () => {
  const table = [[2, 1], [5, 4], [9, 0.5]] as const;
  const cases = {
    step: (t: number) => (t < 5 ? 1 : t < 9 ? 4 : 0.5),
    linear: (t: number) => (t < 2 ? 1 : t < 5 ? t - 1 : t < 9 ? 4 - (3.5 * (t - 5)) / 4 : 0.5),
    cosine: (t: number) => {
      if (t < 2) return 1;
      if (t < 5) return 1 + 3 * 0.5 * (1 - Math.cos((Math.PI * (t - 2)) / 3));
      return t < 9 ? 0.5 + 3.5 * 0.5 * (1 + Math.cos((Math.PI * (t - 5)) / 4)) : 0.5;
    },
    exponential: (t: number) => (t < 2 ? 1 : t < 5 ? Math.pow(4, (t - 2) / 3) : t < 9 ? 4 * Math.pow(1 / 8, (t - 5) / 4) : 0.5),
  };

  it.each(["step", "linear", "cosine", "exponential"] as const)("%s", (interpolation) => {
    const s = piecewise(table, { interpolation });
    expectFormula(s, cases[interpolation], [...firstSteps, 2.5, 4.999, 8.999, ...long]);
    for (const [t, value] of table) expect(s.at(t)).toBe(value);
    expect(s.steps).toBe(9);
  });
  it("is linear by default", () => expectFormula(piecewise(table), cases.linear));
  it("of one point is constant", () => expectFormula(piecewise([[3, 0.7]]), () => 0.7));
  it("of many points finds each", () => {
    const many = Array.from({ length: 5000 }, (_, i) => [3 * i, Math.sin(i)] as const);
    const s = piecewise(many);
    for (const [t, value] of many) expect(s.at(t)).toBe(value + 0);
  });
});

describe("lambda", () => {
  it("is the function, held from its end on", () => {
    expectFormula(lambda((t) => 3 * t + 1), (t) => 3 * t + 1);
    expectFormula(lambda((t) => 3 * t + 1, { steps: 5 }), (t) => 3 * Math.min(t, 5) + 1);
    expect(lambda((t) => t).steps).toBe(Infinity);
  });
  it("names the step where the function fails", () => {
    const s = lambda((t) => (t < 7 ? 1 : t === 7 ? NaN : ("x" as never)));
    expect(s.at(6)).toBe(1);
    expect(() => s.at(7)).toThrow("lambda: the function must return a finite number, got NaN at step 7");
    expect(() => s.at(8)).toThrow('lambda: the function must return a finite number, got "x" at step 8');
    expect(() => s.scale(2).at(7)).toThrow("at step 7");
  });
  it("says so where a finite function overflows in a composition", () => {
    const s = lambda(() => 1e200);
    expect(() => s.times(s).at(3)).toThrow("schedule.at: the product schedule leaves the finite numbers, got Infinity at step 3");
  });
});

describe("checks", () => {
  it.each([
    [() => cosine({ from: Infinity, steps: 3 }), "cosine: from must be a finite number, got Infinity"],
    [() => cosine({ steps: 3 }).at(0), "cosine: from is open"],
    [() => linear({ steps: 3 }).at(0), "linear: from is open"],
    [() => polynomial({ steps: 3 }).at(0), "polynomial: from is open"],
    [() => exponential({ factor: 0.5 }).at(0), "exponential: from is open"],
    [() => inverseTime({ rate: 0.5 }).at(0), "inverseTime: from is open"],
    [() => powerLaw({ power: 0.5 }).at(0), "powerLaw: from is open"],
    [() => inverseSqrt({ timescale: 5 }).at(0), "inverseSqrt: from is open"],
    [() => polynomial({ from: 1, steps: 3, power: 0 }), "polynomial: power must be a finite number > 0, got 0"],
    [() => constant(1, { steps: -2 }), "constant: steps must be a whole number >= 0, got -2"],
    [() => exponential({ from: 1 }), "exponential: needs either factor or halfLife, got neither"],
    [() => exponential({ from: 1, factor: 0.5, halfLife: 3 }), "exponential: needs either factor or halfLife, got both"],
    [() => exponential({ from: 1, factor: 0 }), "exponential: factor must be a finite number > 0, got 0"],
    [() => exponential({ from: 1, halfLife: -1 }), "exponential: halfLife must be a finite number > 0, got -1"],
    [() => exponential({ from: 1, factor: 1.01 }), "exponential: a factor above 1 grows past every number, got 1.01; give to or steps"],
    [() => exponential({ from: 1, factor: 2, steps: 2000 }), "exponential: its values must stay within 1e+300, got up to Infinity"],
    [() => exponential({ from: 1, factor: 0.5, to: 2 }), "exponential: to must lie where the value goes, got from 1, to 2 and a value that falls"],
    [() => exponential({ from: 1, factor: 2, to: 0.5 }), "exponential: to must lie where the value goes, got from 1, to 0.5 and a value that grows"],
    [() => exponential({ from: 0, factor: 2, to: 0.5 }), "a value that grows"],
    [() => constant(0.1).then(exponential({ factor: 0.5, to: 2 }), { at: 3 }), "exponential: to must lie where the value goes, got from 0.1"],
    [() => inverseTime({ from: 1, rate: -1 }), "inverseTime: rate must be a finite number >= 0 and <= 1e+100, got -1"],
    [() => inverseTime({ from: 1, rate: 1, power: -1 }), "inverseTime: power must be a finite number > 0, got -1"],
    [() => powerLaw({ from: 1, power: 1, timescale: 0.5 }), "powerLaw: timescale must be a finite number >= 1, got 0.5"],
    [() => inverseSqrt({ from: 1, timescale: 0 }), "inverseSqrt: timescale must be a finite number > 0, got 0"],
    [() => linear({ from: 1e301, steps: 3 }), "linear: its values must stay within 1e+300, got up to 1e+301"],
    [() => linear({ from: 1, step: 3 } as never), 'linear: unknown option "step"'],
    [() => piecewise([]), "piecewise: needs points, got none"],
    [() => piecewise([[1, 2], [1, 3]]), "piecewise: steps must increase, got 1 after 1 at point 1"],
    [() => piecewise([[1, NaN]]), "piecewise: the value of point 0 must be a finite number, got NaN"],
    [() => piecewise([[0.5, 1]]), "piecewise: the step of point 0 must be a whole number >= 0, got 0.5"],
    [() => piecewise([[1] as never]), "piecewise: point 0 must be [step, value], got 1 entries"],
    [() => piecewise([[0, 1], [1, 0]], { interpolation: "exponential" }), "piecewise: the value of point 1 must be a finite number > 0, got 0"],
    [() => piecewise([[0, 1]], { interpolation: "cubic" as never }), 'piecewise: unknown interpolation, got "cubic"'],
    [() => lambda(3 as never), "lambda: needs a function of the step, got 3"],
  ])("case %#", (make, message) => expect(make).toThrow(message));
});
