import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asSchedule, constant, cosine, fromJSON, linear, Schedule, warmup } from "../../src/schedule/index.js";

const steps = Array.from({ length: 200 }, (_, t) => t);

/** At most 1e-12 of the larger of |want| and 1. */
function expectEqual(schedule: Schedule, formula: (t: number) => number): void {
  for (const t of steps) {
    const want = formula(t);
    expect(Math.abs(schedule.at(t) - want), `t = ${t}: got ${schedule.at(t)}, want ${want}`).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(want)));
  }
}

/** Hugging Face's factors, as transformers/optimization.py has them. */
const hf = {
  warmup: (t: number, W: number) => (t < W ? t / Math.max(1, W) : 1),
  linear: (t: number, W: number, n: number) => (t < W ? t / Math.max(1, W) : Math.max(0, (n - t) / Math.max(1, n - W))),
  cosine: (t: number, W: number, n: number) => {
    if (t < W) return t / Math.max(1, W);
    const progress = Math.min(1, (t - W) / Math.max(1, n - W));
    return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
  },
};

describe("warmup", () => {
  it("huggingface: the first step has rate 0", () => {
    expectEqual(warmup({ steps: 100, to: 0.3 }), (t) => 0.3 * hf.warmup(t, 100));
    expect(warmup({ steps: 10, to: 1 }).at(0)).toBe(0);
  });

  it("llmc: the first step has 1/W of the rate", () => {
    expectEqual(warmup({ steps: 60, to: 3, convention: "llmc" }), (t) => (t < 60 ? (3 * (t + 1)) / 60 : 3));
  });

  it("nanogpt: the first step has 1/(W+1) of the rate", () => {
    expectEqual(warmup({ steps: 60, to: 3, convention: "nanogpt" }), (t) => (t < 60 ? (3 * (t + 1)) / 61 : 3));
  });

  it("pytorch: LinearLR's start_factor of a third", () => {
    expectEqual(warmup({ steps: 70, to: 0.9, convention: "pytorch" }), (t) => 0.9 * (1 / 3 + (1 - 1 / 3) * (Math.min(t, 70) / 70)));
  });

  it("pytorch: agrees with LinearLR's recurrence", () => {
    const schedule = warmup({ steps: 5, to: 0.05, convention: "pytorch" });
    let lr = 0.05 / 3;
    for (let t = 0; t < 12; t++) {
      expect(schedule.at(t)).toBeCloseTo(lr, 14);
      if (t < 5) lr *= 1 + (1 - 1 / 3) / (5 * (1 / 3) + t * (1 - 1 / 3));
    }
  });

  it("starts at from", () => expectEqual(warmup({ steps: 33, from: 0.1, to: 0.7 }), (t) => (t < 33 ? 0.1 + (0.6 * t) / 33 : 0.7)));

  it.each(["huggingface", "llmc", "nanogpt", "pytorch"] as const)("%s: W = 0 means none, W = 1 is finite", (convention) => {
    expectEqual(warmup({ steps: 0, to: 2, convention }), () => 2);
    for (const t of steps) expect(Number.isFinite(warmup({ steps: 1, to: 2, convention }).at(t))).toBe(true);
    expect(warmup({ steps: 1, to: 2, convention }).at(1)).toBe(2);
  });
});

describe("decay", () => {
  it("constant", () => expectEqual(constant(0.25), () => 0.25));
  it("linear", () => expectEqual(linear({ from: 2, to: 0.5, steps: 150 }), (t) => 2 - 1.5 * Math.min(1, t / 150)));
  it("linear to 0 by default", () => expectEqual(linear({ from: 2, steps: 150 }), (t) => 2 * hf.linear(t, 0, 150)));
  it("cosine", () => expectEqual(cosine({ from: 1, to: 0.1, steps: 120 }), (t) => 0.1 + 0.9 * 0.5 * (1 + Math.cos((Math.PI * Math.min(t, 120)) / 120))));
  it("holds the last value past the end, exactly", () => {
    for (const t of [120, 121, 1e6]) {
      expect(cosine({ from: 1, to: 0.1, steps: 120 }).at(t)).toBe(0.1);
      expect(linear({ from: 1, to: 0.1, steps: 120 }).at(t)).toBe(0.1);
    }
  });
  it("0 steps is the end value, not a division by zero", () => {
    expectEqual(cosine({ from: 1, to: 0.1, steps: 0 }), () => 0.1);
    expectEqual(linear({ from: 1, to: 0.1, steps: 0 }), () => 0.1);
  });
});

describe("then", () => {
  it("is Hugging Face's cosine with warmup", () => expectEqual(warmup({ steps: 40, to: 6e-4 }).then(cosine({ steps: 120 })), (t) => 6e-4 * hf.cosine(t, 40, 160)));
  it("is Hugging Face's linear with warmup", () => expectEqual(warmup({ steps: 40, to: 5 }).then(linear({ steps: 120 })), (t) => 5 * hf.linear(t, 40, 160)));
  it("starts an open schedule where the one before ended", () => {
    const schedule = warmup({ steps: 10, to: 0.4 }).then(constant(0.3, { steps: 10 })).then(linear({ to: 0.1, steps: 10 }));
    expect([10, 19, 20, 25, 30, 99].map((t) => schedule.at(t))).toEqual([0.3, 0.3, 0.3, 0.3 + (0.1 - 0.3) * 0.5, 0.1, 0.1]);
    expect(schedule.steps).toBe(30);
  });
  it("does not depend on how a chain is bracketed", () => {
    const parts = () => [warmup({ steps: 7, to: 1 }), cosine({ to: 0.5, steps: 11 }), linear({ to: 0.1, steps: 13 })] as const;
    const [a, b, c] = parts();
    const left = a.then(b).then(c);
    const right = a.then(b.then(c));
    for (const t of steps) expect(left.at(t)).toBe(right.at(t));
  });
  it("switches at a given step, before the end or after it", () => {
    const early = linear({ from: 1, to: 0, steps: 100 }).then(linear({ to: 1, steps: 10 }), { at: 50 });
    expect([49, 50, 55, 60].map((t) => early.at(t))).toEqual([1 - 0.49, 0.5, 0.75, 1]);
    const late = warmup({ steps: 10, to: 1 }).then(2, { at: 20 });
    expect([10, 19, 20].map((t) => late.at(t))).toEqual([1, 1, 2]);
  });
  it("refuses to follow what never ends", () => {
    expect(() => constant(1).then(linear({ steps: 10 }))).toThrow("then: the constant schedule before it never ends");
    expect(constant(1).then(linear({ steps: 10 }), { at: 5 }).at(10)).toBe(0.5);
  });
  it("is no promise: awaiting a schedule says so", async () => {
    await expect(Promise.resolve().then(() => constant(1) as never)).rejects.toThrow("a schedule is not a promise");
  });
});

describe("checks", () => {
  it.each([
    [() => warmup({ steps: -1, to: 1 }), "warmup: steps must be a whole number >= 0, got -1"],
    [() => warmup({ steps: 1.5, to: 1 }), "warmup: steps must be a whole number >= 0, got 1.5"],
    [() => warmup({ steps: 1, to: NaN }), "warmup: to must be a finite number, got NaN"],
    [() => warmup({ steps: 1 } as never), "warmup: to must be a finite number, got undefined"],
    [() => warmup({ steps: 1, to: 1, convention: "jax" as never }), 'warmup: unknown convention, got "jax"; use huggingface, llmc, nanogpt, pytorch'],
    [() => warmup({ step: 1, to: 1 } as never), 'warmup: unknown option "step"'],
    [() => cosine({ from: Infinity, steps: 3 }), "cosine: from must be a finite number, got Infinity"],
    [() => cosine({ steps: 3 }).at(0), "cosine: from is open"],
    [() => linear({ steps: 3 }).at(0), "linear: from is open"],
    [() => constant(1, { steps: -2 }), "constant: steps must be a whole number >= 0, got -2"],
    [() => constant(1).at(-1), "schedule.at: t must be a finite number >= 0, got -1"],
    [() => constant(1).at(NaN), "schedule.at: t must be a finite number >= 0, got NaN"],
    [() => fromJSON({ shape: "spiral" }), 'schedule.fromJSON: unknown shape, got "spiral"; known shapes: constant, warmup'],
    [() => fromJSON(null), "schedule.fromJSON: unknown shape, got null; needs plain data"],
    [() => fromJSON({ shape: "cosine", from: "1", steps: 3 }), "cosine: from must be a finite number, got 1"],
    [() => fromJSON({ shape: "sequence", parts: [{ shape: "constant", value: 1 }, 3], at: [1] }), "then: unknown shape, got 3; needs plain data"],
    [() => asSchedule("1e-3" as never), "schedule: needs a number or a schedule, got string"],
  ])("case %#", (make, message) => expect(make).toThrow(message));
});

describe("properties", () => {
  const value = fc.double({ min: 0, max: 1e6, noNaN: true });
  const count = fc.integer({ min: 0, max: 60 });
  const convention = fc.constantFrom("huggingface" as const, "llmc" as const, "nanogpt" as const, "pytorch" as const);
  const part = fc.oneof(
    fc.record({ value, steps: count }).map(({ value, steps }) => constant(value, { steps })),
    fc.record({ steps: count, to: value, convention }).map((options) => warmup(options)),
    fc.record({ steps: count, from: value, to: value, convention }).map((options) => warmup(options)),
    fc.record({ steps: count, from: value, to: value }).map((options) => linear(options)),
    fc.record({ steps: count, from: value, to: value }).map((options) => cosine(options)),
  );
  const open = fc.oneof(
    fc.record({ steps: count, to: value }).map((options) => linear(options)),
    fc.record({ steps: count, to: value }).map((options) => cosine(options)),
  );
  const schedule = fc.tuple(part, fc.array(fc.tuple(fc.oneof(part, open), fc.option(count, { nil: undefined })), { maxLength: 4 })).map(([first, rest]) =>
    rest.reduce((chain, [next, at]) => chain.then(next, at === undefined ? {} : { at }), first),
  );

  it("is finite, within the bounds of its numbers, and pure", () =>
    fc.assert(
      fc.property(schedule, (s) => {
        const once = steps.map((t) => s.at(t));
        expect(once.every((value) => Number.isFinite(value) && value >= 0 && value <= 1e6 * (1 + 1e-12))).toBe(true);
        expect([...steps].reverse().map((t) => s.at(t)).reverse()).toEqual(once);
      }),
    ));

  it("survives JSON bit for bit", () =>
    fc.assert(
      fc.property(schedule, (s) => {
        const back = fromJSON(JSON.parse(JSON.stringify(s)));
        expect(back.toJSON()).toEqual(s.toJSON());
        for (const t of steps) expect(back.at(t)).toBe(s.at(t));
        expect(back.steps).toBe(s.steps);
      }),
    ));

  it("does not change after its end", () =>
    fc.assert(
      fc.property(schedule, fc.integer({ min: 0, max: 1000 }), (s, later) => {
        expect(s.at(s.steps + later)).toBe(s.at(s.steps));
      }),
    ));

  it("hands out data that cannot change it", () => {
    const s = warmup({ steps: 10, to: 1 });
    (s.toJSON() as { to: number }).to = 5;
    expect(s.at(10)).toBe(1);
  });
});
