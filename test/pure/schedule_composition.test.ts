import { describe, expect, it } from "vitest";
import { asSchedule, constant, cosine, exponential, inverseSqrt, lambda, linear, oscillation, polynomial, Schedule, warmup } from "../../src/schedule/index.js";
import { expectFormula, firstSteps } from "../support/schedules.js";

/** Hugging Face's factors, as transformers/optimization.py has them. */
const hf = {
  linear: (t: number, W: number, n: number) => (t < W ? t / Math.max(1, W) : Math.max(0, (n - t) / Math.max(1, n - W))),
  cosine: (t: number, W: number, n: number) => {
    if (t < W) return t / Math.max(1, W);
    const progress = (t - W) / Math.max(1, n - W);
    return progress >= 1 ? 0 : Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
  },
  inverseSqrt: (t: number, W: number, timescale: number) => (t < W ? t / Math.max(1, W) : 1 / Math.sqrt((t + timescale - W) / timescale)),
};

const values = (s: Schedule, steps: readonly number[]): number[] => steps.map((t) => s.at(t));

describe("then", () => {
  it("is Hugging Face's cosine with warmup", () => expectFormula(warmup({ steps: 40, to: 6e-4 }).then(cosine({ steps: 120 })), (t) => 6e-4 * hf.cosine(t, 40, 160)));
  it("is Hugging Face's linear with warmup", () => expectFormula(warmup({ steps: 40, to: 5 }).then(linear({ steps: 120 })), (t) => 5 * hf.linear(t, 40, 160)));
  it("is Hugging Face's inverse_sqrt", () =>
    expectFormula(warmup({ steps: 40, to: 5 }).then(inverseSqrt({ timescale: 70 })), (t) => 5 * hf.inverseSqrt(t, 40, 70), [...firstSteps, 1e6, 1e15]));
  it.each([0, 1])("with a warmup of %i steps", (W) => expectFormula(warmup({ steps: W, to: 5 }).then(cosine({ steps: 120 })), (t) => 5 * hf.cosine(t, W, W + 120)));

  it("starts an open schedule where the one before ended", () => {
    const s = warmup({ steps: 10, to: 0.4 }).then(constant(0.3, { steps: 10 })).then(linear({ to: 0.1, steps: 10 }));
    expect(values(s, [10, 19, 20, 30, 99])).toEqual([0.3, 0.3, 0.3, 0.1, 0.1]);
    expectFormula(s, () => 0.2, [25]);
    expect(s.steps).toBe(30);
  });

  it("does not depend on how a chain is bracketed", () => {
    const a = warmup({ steps: 7, to: 1 });
    const [b, c] = [cosine({ to: 0.5, steps: 11 }), linear({ to: 0.1, steps: 13 })];
    const [left, right] = [a.then(b).then(c), a.then(b.then(c))];
    expect(right.toJSON()).toEqual(left.toJSON());
    for (const t of firstSteps) expect(left.at(t)).toBe(right.at(t));
  });

  it("switches at a given step, before the end or after it", () => {
    const early = linear({ from: 1, to: 0, steps: 100 }).then(linear({ to: 1, steps: 10 }), { at: 50 });
    expect(values(early, [49, 50, 55, 60])).toEqual([0.51, 0.5, 0.75, 1]);
    const late = warmup({ steps: 10, to: 1 }).then(2, { at: 20 });
    expect(values(late, [10, 19, 20])).toEqual([1, 1, 2]);
  });

  it("cuts off what would have started later", () => {
    const s = constant(1, { steps: 5 }).then(2, { at: 5 }).then(constant(3), { at: 9 }).then(4, { at: 7 });
    expect(values(s, [4, 5, 6, 7, 9, 20])).toEqual([1, 2, 2, 4, 4, 4]);
  });

  it("stays open until something comes before it, and then closes all the way through", () => {
    const tail = linear({ to: 0.5, steps: 4 }).then(cosine({ steps: 4 }), { at: 2 });
    expect(tail.isOpen).toBe(true);
    expect(() => tail.at(1)).toThrow("linear: from is open");
    const s = constant(1, { steps: 3 }).then(tail);
    expect(s.isOpen).toBe(false);
    expect(values(s, [0, 2, 3, 4, 5, 7, 9])).toEqual([1, 1, 1, 0.875, 0.75, 0.375, 0]);
  });

  it("refuses to follow what never ends", () => {
    expect(() => constant(1).then(linear({ steps: 10 }))).toThrow("then: the constant schedule before it never ends");
    expect(() => warmup({ steps: 3, to: 1 }).then(constant(1)).then(2)).toThrow("then: the constant schedule before it never ends");
    expect(constant(1).then(linear({ steps: 10 }), { at: 5 }).at(10)).toBe(0.5);
  });

  it("is no promise: awaiting a schedule fails, and does not hang", async () => {
    await expect(Promise.resolve().then(() => constant(1) as never)).rejects.toThrow("a schedule is not a promise");
    await expect((async () => await (constant(1) as unknown))()).rejects.toThrow("then: a schedule is not a promise, got a callback");
  });

  it("chains thousands of parts without nesting", () => {
    let s: Schedule = constant(0, { steps: 2 });
    for (let i = 1; i < 2000; i++) s = s.then(i % 2 ? linear({ to: i, steps: 2 }) : constant(i, { steps: 2 }));
    expect(s.steps).toBe(4000);
    expect(values(s, [0, 2, 3, 4, 5, 6, 3997, 3998, 3999, 4000])).toEqual([0, 0, 0.5, 2, 2, 2, 1998, 1998, 1998.5, 1999]);
  });
});

describe("times and scale", () => {
  it("multiplies values", () => {
    const [a, b] = [warmup({ steps: 30, to: 2 }), exponential({ from: 1, factor: 0.99 })];
    expectFormula(a.times(b), (t) => 2 * Math.min(1, t / 30) * Math.pow(0.99, t));
    expectFormula(a.times(b).times(3), (t) => 6 * Math.min(1, t / 30) * Math.pow(0.99, t));
    expectFormula(a.scale(-0.5), (t) => -Math.min(1, t / 30));
  });
  it("ends with its last factor", () => {
    expect(warmup({ steps: 30, to: 2 }).times(linear({ from: 1, steps: 50 })).steps).toBe(50);
    expect(warmup({ steps: 30, to: 2 }).times(2).steps).toBe(30);
    expect(warmup({ steps: 30, to: 2 }).times(exponential({ from: 1, factor: 0.5 })).steps).toBe(Infinity);
  });
  it("an open factor makes the whole start where the schedule before it ended", () => {
    const hold = constant(6, { steps: 3 });
    expect(values(hold.then(linear({ to: 1, steps: 2 }).scale(3)), [2, 3, 4, 5])).toEqual([6, 6, 4.5, 3]);
    expect(values(hold.then(linear({ to: 1, steps: 2 }).times(constant(2)).times(constant(1.5))), [2, 3, 4, 5])).toEqual([6, 6, 4.5, 3]);
    expect(values(hold.then(linear({ to: 1, steps: 2 }).scale(0)), [2, 3, 4])).toEqual([6, 0, 0]);
    expectFormula(hold.then(cosine({ steps: 10 }).times(oscillation({ amplitude: 0.5, period: 4 }))), (t) =>
      t < 3 ? 6 : t < 13 ? 3 * (1 + Math.cos((Math.PI * (t - 3)) / 10)) * (1 + 0.5 * Math.sin((Math.PI * (t - 3)) / 2)) : 0,
      firstSteps,
    );
  });
  it("refuses what cannot be continued", () => {
    expect(() => linear({ steps: 3 }).times(cosine({ steps: 3 }))).toThrow("times: at most one factor may leave from open, got linear and cosine");
    expect(() => constant(1, { steps: 3 }).then(cosine({ steps: 3 }).times(warmup({ steps: 3, to: 1 })))).toThrow(
      "times: no from makes the product start at 1, got other factors of 0 at its first step; give from to the cosine factor",
    );
  });
  it("refuses overflow that can be known, and does not overflow on the way to a finite product", () => {
    expect(() => constant(1e200).times(constant(1e200))).toThrow("product: its values must stay within 1e+300, got up to Infinity");
    expect(() => constant(1e200).scale(1e101)).toThrow("scale: its values must stay within 1e+300");
    expect(() => constant(1e200).times(constant(1e200)).times(constant(1e-200))).toThrow("product: its values");
    expect(constant(1e200).times(constant(1e-200)).times(constant(1e200)).at(3)).toBe(1e200);
    expect(() => constant(1).scale(NaN)).toThrow("scale: the factor must be a finite number, got NaN");
    expect(() => constant(1).times("2" as never)).toThrow("schedule: needs a number or a schedule, got string");
  });
});

describe("delay", () => {
  const ramp = linear({ from: 1, to: 3, steps: 4 });
  it("holds the first value, or another one", () => {
    expect(values(ramp.delay(2), [0, 1, 1.5, 2, 3, 4, 6, 9])).toEqual([1, 1, 1, 1, 1.5, 2, 3, 3]);
    expect(values(ramp.delay(2, { value: 0 }), [0, 1, 1.5, 2, 3, 6])).toEqual([0, 0, 0, 1, 1.5, 3]);
    expect(ramp.delay(2).steps).toBe(6);
    for (const t of firstSteps) expect(ramp.delay(0).at(t)).toBe(ramp.at(t));
  });
  it("starts an open schedule where the one before the pause ended", () => {
    const hold = constant(5, { steps: 2 });
    expect(values(hold.then(linear({ to: 1, steps: 4 }).delay(2)), [1, 2, 3, 4, 5, 8])).toEqual([5, 5, 5, 5, 4, 1]);
    expect(values(hold.then(linear({ to: 1, steps: 4 }).delay(2, { value: 0 })), [1, 2, 3, 4, 5, 8])).toEqual([5, 0, 0, 5, 4, 1]);
  });
  it.each([
    [() => ramp.delay(-1), "delay: steps must be a whole number >= 0, got -1"],
    [() => ramp.delay(0.5), "delay: steps must be a whole number >= 0, got 0.5"],
    [() => ramp.delay(1, { value: Infinity }), "delay: value must be a finite number, got Infinity"],
    [() => ramp.delay(1, { hold: 0 } as never), 'delay: unknown option "hold"; known options: value'],
  ])("case %#", (make, message) => expect(make).toThrow(message));
});

describe("clamp", () => {
  const ramp = linear({ from: 0, to: 4, steps: 4 });
  it("keeps values within its bounds", () => {
    expect(values(ramp.clamp({ min: 1, max: 3 }), [0, 1, 2, 3, 4, 9])).toEqual([1, 1, 2, 3, 3, 3]);
    expect(values(ramp.clamp({ min: 1.5 }), [0, 2, 4])).toEqual([1.5, 2, 4]);
    expect(values(ramp.clamp({ max: 1.5 }), [0, 1, 4])).toEqual([0, 1, 1.5]);
    expect(ramp.clamp({ max: 1.5 }).steps).toBe(4);
  });
  it("bounds a function that is not known", () => {
    const s = lambda((t) => 1e200 * t).clamp({ min: 0, max: 1 });
    expect(s.times(s).at(5)).toBe(1);
  });
  it("passes an open start through", () => {
    expect(values(constant(5, { steps: 1 }).then(polynomial({ steps: 4 }).clamp({ max: 4, min: 1 })), [0, 1, 2, 3, 4, 5])).toEqual([5, 4, 3.75, 2.5, 1.25, 1]);
  });
  it.each([
    [() => ramp.clamp({}), "clamp: needs min, max or both, got none"],
    [() => ramp.clamp(undefined as never), "clamp: needs min, max or both, got none"],
    [() => ramp.clamp({ min: 2, max: 1 }), "clamp: min must not be above max, got 2 and 1"],
    [() => ramp.clamp({ min: NaN }), "clamp: min must be a finite number, got NaN"],
    [() => ramp.clamp({ low: 0 } as never), 'clamp: unknown option "low"'],
  ])("case %#", (make, message) => expect(make).toThrow(message));
});

describe("a schedule", () => {
  it.each([
    [() => constant(1).at(-1), "schedule.at: t must be a finite number >= 0, got -1"],
    [() => constant(1).at(NaN), "schedule.at: t must be a finite number >= 0, got NaN"],
    [() => constant(1).at(Infinity), "schedule.at: t must be a finite number >= 0, got Infinity"],
    [() => constant(1).at("3" as never), 'schedule.at: t must be a finite number >= 0, got "3"'],
    [() => asSchedule("1e-3" as never), "schedule: needs a number or a schedule, got string"],
    [() => asSchedule(null as never), "schedule: needs a number or a schedule, got null"],
    [() => constant(1).then(2, { at: 1.5 }), "then: at must be a whole number >= 0, got 1.5"],
    [() => constant(1).then(2, { at: Infinity }), "then: at must be a whole number >= 0, got Infinity"],
    [() => constant(1).then(2, { step: 1 } as never), 'then: unknown option "step"'],
  ])("case %#", (make, message) => expect(make).toThrow(message));

  it("never gives -0", () => {
    expect(constant(-0).at(0)).toBe(0);
    expect(constant(0).scale(-1).at(-0)).toBe(0);
    expect(lambda(() => -0).at(0)).toBe(0);
    expect(lambda((t) => (Object.is(t, -0) ? 1 : 2)).at(-0)).toBe(2);
  });

  it("refuses to nest without end, and to grow without end", () => {
    let s = constant(1);
    expect(() => {
      for (let i = 0; i < 1000; i++) s = s.scale(0.999);
    }).toThrow("scale: schedules may be nested 256 deep, got more");
    expect(s.at(0)).toBeCloseTo(0.999 ** 255, 12);
    let doubled = constant(1, { steps: 1 });
    expect(() => {
      for (let i = 0; i < 100; i++) doubled = doubled.then(doubled);
    }).toThrow("sequence: a schedule has at most 100000 parts");
  });
});
