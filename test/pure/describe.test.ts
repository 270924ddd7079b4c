import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import {
  constant, cosine, cosineWave, cyclic, describe as describeSchedule, describeInWords, exponential, inverseSqrt, inverseTime, lambda, linear, noam,
  oscillation, piecewise, powerLaw, step, warmRestarts, warmup, warmupStableDecay, type Schedule,
} from "../../src/schedule/index.js";

const close = (got: number, want: number) => expect(Math.abs(got / want - 1), `got ${got}, want ${want}`).toBeLessThan(1e-13);

describe("sums", () => {
  it("are those of closed forms", () => {
    const geometric = describeSchedule(exponential({ from: 0.5, factor: 0.99 }), { steps: 300 });
    close(geometric.sum, (0.5 * (1 - 0.99 ** 300)) / 0.01);
    close(geometric.sumOfSquares, (0.25 * (1 - 0.9801 ** 300)) / (1 - 0.9801));
    // The two ends of a full cosine average out: steps / 2, less half of the first value.
    close(describeSchedule(cosine({ from: 1, steps: 1000 }), { steps: 1000 }).sum, 500.5);
    const ramp = describeSchedule(warmup({ steps: 100, to: 1 }).then(constant(1)), { steps: 200 });
    close(ramp.sum, 49.5 + 100);
    expect(ramp).toMatchObject({ first: 0, last: 1, peak: { value: 1, step: 100 }, warmup: { steps: 100 } });
    close(ramp.warmup!.share, 49.5 / 149.5);
  });

  it("are compensated: a million rates of 0.1 add up to 100,000", () => {
    expect(describeSchedule(constant(0.1), { steps: 1e6 }).sum).toBe(1e5);
    const falling = describeSchedule(piecewise([[0, 1e16], [1, 1], [2, 1], [3, 1]]), { steps: 4 });
    expect(falling.sum).toBe(1e16 + 3 + 1); // 1e16 + 3 rounds to even
  });

  it("of a part of the run", () => {
    const report = describeSchedule(linear({ from: 1, steps: 10 }), { from: 4, steps: 3 });
    close(report.sum, 0.6 + 0.5 + 0.4);
    expect(report).toMatchObject({ from: 4, steps: 3, first: 0.6, peak: { value: 0.6, step: 4 }, warmup: null });
  });
});

describe("the conditions of Robbins and Monro", () => {
  const ramp = warmup({ steps: 10, to: 1 });
  const cases: [string, Schedule, boolean | null, boolean | null, string][] = [
    ["constant", constant(1), true, false, "never falls to 0"],
    ["to 0", ramp.then(cosine({ steps: 100 })), false, true, "ends at 0"],
    ["to a floor", cosine({ from: 1, to: 0.1, steps: 10 }), true, false, "never falls to 0"],
    ["exponential", ramp.then(exponential({ factor: 0.9 })), false, true, "freezes once its budget is spent"],
    ["half-life", exponential({ from: 1, halfLife: 10 }), false, true, "freezes"],
    ["exponential with a floor", exponential({ from: 1, factor: 0.9, to: 0.01 }), true, false, "never falls to 0"],
    ["exponential that stops", exponential({ from: 1, factor: 0.9, steps: 5 }), true, false, "never falls to 0"],
    ["1 / t", inverseTime({ from: 1, rate: 0.1 }), true, true, "meets the Robbins-Monro conditions"],
    ["t^-0.5", inverseTime({ from: 1, rate: 0.1, power: 0.5 }), true, false, "squares add up to infinity"],
    ["t^-0.6", powerLaw({ from: 1, power: 0.6 }), true, true, "meets"],
    ["t^-1.5", powerLaw({ from: 1, power: 1.5 }), false, true, "finite sum"],
    ["inverse sqrt", ramp.then(inverseSqrt({ timescale: 10 })), true, false, "t^-0.5"],
    ["noam", noam({ width: 64, warmup: 100 }), true, false, "t^-0.5"],
    ["steps", step({ from: 1, every: 10, factor: 0.1 }), false, true, "freezes"],
    ["warm restarts", warmRestarts({ from: 1, steps: 10 }), true, false, "never falls"],
    ["wave", cosineWave({ from: 1, period: 10 }), true, false, "never falls"],
    ["triangular", cyclic({ from: 0.1, to: 1, up: 5 }), true, false, "never falls"],
    ["exp_range from 0", cyclic({ from: 0, to: 1, up: 5, mode: "exp_range", factor: 0.99 }), false, true, "freezes"],
    ["exp_range above 0", cyclic({ from: 0.1, to: 1, up: 5, mode: "exp_range", factor: 0.99 }), true, false, "never falls"],
    ["scaled", inverseTime({ from: 1, rate: 0.1 }).scale(0.5), true, true, "meets"],
    ["scaled by 0", constant(1).scale(0), false, true, "ends at 0"],
    ["delayed", powerLaw({ from: 1, power: 1 }).delay(10), true, true, "meets"],
    ["clamped above 0", exponential({ from: 1, factor: 0.9 }).clamp({ min: 0.1 }), true, false, "never falls"],
    ["clamped below", powerLaw({ from: 1, power: 1 }).clamp({ max: 0.5 }), true, true, "meets"],
    ["product of powers", powerLaw({ from: 1, power: 0.4 }).times(powerLaw({ from: 1, power: 0.4 })), true, true, "t^-0.8"],
    ["product with a fall", powerLaw({ from: 1, power: 0.4 }).times(exponential({ from: 1, factor: 0.99 })), false, true, "freezes"],
    ["swinging power", powerLaw({ from: 1, power: 0.75 }).times(oscillation({ amplitude: 0.5, period: 10 })), true, true, "t^-0.75"],
    ["product of two waves", cosineWave({ from: 1, period: 10 }).times(cosineWave({ from: 1, period: 7 })), null, null, "does not tell"],
    ["a function", lambda((t) => 1 / (1 + t)), null, null, "does not tell"],
    ["negative", constant(-1), null, null, "does not tell"],
    ["WSD", warmupStableDecay({ warmup: 10, stable: 80, decay: 10, to: 1 }), false, true, "ends at 0"],
  ];
  it.each(cases)("%s", (_, schedule, sumDiverges, squaresConverge, verdict) => {
    const { robbinsMonro } = describeSchedule(schedule, { steps: 100 });
    expect(robbinsMonro).toMatchObject({ sumDiverges, squaresConverge });
    expect(robbinsMonro.verdict).toContain(verdict);
  });

  it("say what an exponential has left", () => {
    const { verdict } = describeSchedule(exponential({ from: 1, factor: 0.99 }), { steps: 100 }).robbinsMonro;
    expect(verdict).toContain(`about ${Number((0.99 ** 100 / 0.01).toPrecision(4))} is left in all`);
  });
});

describe("warnings", () => {
  it("name each jump of more than ten times, and no smaller one", () => {
    const report = describeSchedule(constant(1e-4, { steps: 5 }).then(constant(1e-2, { steps: 5 })).then(constant(0.1)), { steps: 20 });
    expect(report.warnings).toEqual(["the rate jumps 100 times at step 5, from 1e-4 to 0.01"]);
    const many = describeSchedule(cosineWave({ from: 1, to: 1e-9, period: 2 }), { steps: 40 });
    expect(many.warnings).toHaveLength(6);
    expect(many.warnings[5]).toMatch(/^and 1\d more jumps/);
  });

  it("name a rate that goes from 0 to full at once, and note a first step at 0", () => {
    const thawed = describeSchedule(constant(0, { steps: 10 }).then(constant(1)), { steps: 20 });
    expect(thawed.warnings).toEqual(["the rate goes from 0 to its peak 1 in one step, at step 10"]);
    expect(thawed.notes).toHaveLength(1);
    const gentle = describeSchedule(warmup({ steps: 10, to: 1, convention: "llmc" }), { steps: 20 });
    expect([gentle.warnings, gentle.notes]).toEqual([[], []]);
    expect(describeInWords(thawed)).toContain("warning   the rate goes from 0");
  });

  it("a number is a constant schedule", () => {
    expect(describeSchedule(0.5, { steps: 4 })).toEqual(describeSchedule(constant(0.5), { steps: 4 }));
  });

  it("a share of 100 % reads so", () => {
    expect(describeInWords({ ...describeSchedule(warmup({ steps: 10, to: 1 }), { steps: 11 }), warmup: { steps: 10, share: 0.999 } })).toContain("10 steps, 100 % of the budget");
  });

  it("options that make no sense are refused", () => {
    expect(() => describeSchedule(constant(1), undefined as never)).toThrow("describe: needs { steps }, got no options");
    expect(() => describeSchedule(constant(1), { steps: 0 })).toThrow(UsageError);
    expect(() => describeSchedule(constant(1), { steps: 10, form: 3 } as never)).toThrow('unknown option "form"');
    expect(() => describeSchedule(cosine({ steps: 3 }), { steps: 10 })).toThrow(UsageError);
  });
});
