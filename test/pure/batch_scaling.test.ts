import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import { constant, cosine, exponential, fromJSON, lambda, linear, scaleForBatch, warmup, type BatchScalingOptions, type Schedule } from "../../src/schedule/index.js";
import { expectFormula } from "../support/schedules.js";

const warmed = warmup({ steps: 20, to: 0.1 }).then(cosine({ steps: 100 }));

describe("scaleForBatch", () => {
  it.each([[256, 8192], [256, 256], [1024, 64], [3, 7]])("from %d to %d", (from, to) => {
    const k = to / from;
    expectFormula(scaleForBatch(warmed, { from, to, rule: "linear" }), (t) => k * warmed.at(t));
    expectFormula(scaleForBatch(warmed, { from, to, rule: "sqrt" }), (t) => Math.sqrt(k) * warmed.at(t));
  });

  it("survives JSON", () => {
    const scaled = scaleForBatch(warmed, { from: 256, to: 1024, rule: "linear" });
    expectFormula(fromJSON(JSON.parse(JSON.stringify(scaled))), (t) => scaled.at(t));
  });

  it.each<[string, Schedule | number]>([
    ["a number", 0.1],
    ["a constant", constant(0.1)],
    ["a decay", cosine({ from: 0.1, steps: 100 })],
    ["a decay without end", exponential({ from: 0.1, factor: 0.99 })],
    ["a warmup that starts too high", warmup({ steps: 20, from: 0.05, to: 0.1 })],
    ["a long rise", linear({ from: 0.09, to: 0.1, steps: 1e9 })],
  ])("refuses %s: it has no warmup to bear the larger rate", (_name, schedule) => {
    expect(() => scaleForBatch(schedule, { from: 256, to: 1024, rule: "linear" })).toThrow(UsageError);
    expect(() => scaleForBatch(schedule, { from: 256, to: 1024, rule: "linear" })).toThrow(
      /^scaleForBatch: a rate 4 times as large needs a warmup, because the first steps do not bear it, got a schedule that starts at 0\.\d+, over the unscaled peak of [\d.]+; scale warmup\(\{ steps, to: [\d.]+ \}\)\.then\(\.\.\.\) instead, or give withoutWarmup: true$/,
    );
    expect(scaleForBatch(schedule, { from: 256, to: 1024, rule: "linear", withoutWarmup: true }).at(0)).toBeCloseTo(4 * (typeof schedule === "number" ? schedule : schedule.at(0)), 12);
    expect(scaleForBatch(schedule, { from: 1024, to: 256, rule: "linear" }).at(0)).toBeLessThan(0.1);
    expect(scaleForBatch(schedule, { from: 256, to: 256, rule: "sqrt" }).steps).toBe(typeof schedule === "number" ? Infinity : schedule.steps);
  });

  it("says with which number to write the warmup", () =>
    expect(() => scaleForBatch(cosine({ from: 0.1, steps: 100 }), { from: 256, to: 8192, rule: "linear" })).toThrow("starts at 3.2, over the unscaled peak of 0.1; scale warmup({ steps, to: 0.1 })"));

  it.each<[string, Schedule]>([
    ["from 0", warmup({ steps: 1, to: 0.1 })],
    ["from the unscaled peak over the factor", warmup({ steps: 50, from: 0.025, to: 0.1 })],
    ["held low, then a jump", warmup({ steps: 50, from: 0.01, to: 0.1, curve: "constant" })],
    ["of a million steps", warmup({ steps: 1e6, from: 0.01, to: 0.1 }).then(cosine({ steps: 1e6 }))],
    ["after which all is short", warmup({ steps: 300_000, to: 0.1 }).then(cosine({ steps: 500 }))],
    ["of one's own", lambda((t) => Math.min(0.1, t / 1000))],
  ])("takes a warmup %s", (_name, schedule) => expectFormula(scaleForBatch(schedule, { from: 256, to: 1024, rule: "linear" }), (t) => 4 * schedule.at(t)));

  it("allows with the smaller factor of sqrt what linear would need a warmup for", () => {
    const schedule = warmup({ steps: 20, from: 0.04, to: 0.1 });
    expect(scaleForBatch(schedule, { from: 1, to: 4, rule: "sqrt" }).at(0)).toBe(0.08);
    expect(() => scaleForBatch(schedule, { from: 1, to: 4, rule: "linear" })).toThrow("a rate 4 times as large needs a warmup");
  });

  it.each<[unknown, string]>([
    [undefined, "scaleForBatch: from must be a finite number > 0, got undefined"],
    [{ from: 0, to: 1, rule: "linear" }, "scaleForBatch: from must be a finite number > 0, got 0"],
    [{ from: 1, to: -1, rule: "linear" }, "scaleForBatch: to must be a finite number > 0, got -1"],
    [{ from: 1, to: 2 }, "scaleForBatch: unknown rule, got none; use linear, sqrt"],
    [{ from: 1, to: 2, rule: "log" }, 'scaleForBatch: unknown rule, got "log"; use linear, sqrt'],
    [{ from: 1, to: 2, rule: "sqrt", warmup: 3 }, 'scaleForBatch: unknown option "warmup"'],
    [{ from: 1, to: 2, rule: "sqrt", withoutWarmup: 1 }, "scaleForBatch: withoutWarmup must be true or false, got 1"],
  ])("refuses options %#", (options, message) => {
    expect(() => scaleForBatch(warmed, options as BatchScalingOptions)).toThrow(UsageError);
    expect(() => scaleForBatch(warmed, options as BatchScalingOptions)).toThrow(message);
  });

  it("refuses what is no schedule, and one that starts where another ends", () => {
    expect(() => scaleForBatch("0.1" as never, { from: 1, to: 2, rule: "linear" })).toThrow("schedule: needs a number or a schedule, got string");
    expect(() => scaleForBatch(cosine({ steps: 3 }), { from: 1, to: 2, rule: "linear" })).toThrow("from is open");
  });
});
