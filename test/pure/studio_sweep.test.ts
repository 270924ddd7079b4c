import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scheduleOf } from "../../src/recipe/schedule_of.js";
import { presets } from "../../src/recipe/presets.js";
import { checkSettings, type TrainSettings } from "../../src/recipe/settings.js";
import type { RunStatus } from "../../src/studio/protocol.js";
import { placesOf } from "../../src/studio/compare/sweep_places.js";
import { parseValues, suggestedValues, sweepable, sweepPoints, sweepProblem } from "../../src/studio/compare/sweep_plan.js";
import { nextAction, progressOf, type QueuedPoint } from "../../src/studio/compare/sweep_queue.js";
import { bestOf, sweepResults } from "../../src/studio/compare/sweep_results.js";

const small: TrainSettings = presets.small;
const withExpression: TrainSettings = { ...small, schedule: "warmup({ steps: 50, to: 0.02 }).then(linear({ steps: 550, to: 0.001 }))" };

describe("what a sweep runs", () => {
  it("suggests values of every setting that go with the others and hold the form's own", () => {
    for (const base of [small, presets["nanogpt-cpu"], { ...small, weightDecay: 0, dropout: 0.1, optimizer: "sgd" as const }]) {
      for (const name of sweepable(base)) {
        const text = suggestedValues(name, base);
        const values = parseValues(name, text);
        expect(values, name).toContain(base[name]);
        if (values.length < 2) continue;
        // Suggestions that some rule between settings forbids are told before the start.
        const problem = sweepProblem(base, name, text, 2);
        if (problem === null) for (const { settings } of sweepPoints(base, name, values, 2)) expect(() => checkSettings(settings)).not.toThrow();
        else expect(["heads", "width", "optimizer", "compactVocab", "precision"], `${name}: ${problem}`).toContain(name);
      }
    }
  });

  it("offers peak rates a factor of 2 apart", () => expect(suggestedValues("lr", small)).toBe("0.002, 0.004, 0.008, 0.016, 0.032"));

  it("scales the last rate along with the peak", () => {
    const [low, high] = sweepPoints(small, "lr", [0.004, 0.016], 1).map((point) => point.settings);
    expect([low!.lr, low!.minLr, high!.lr, high!.minLr]).toEqual([0.004, 2e-4, 0.016, 8e-4]);
  });

  it("scales an expression so that its peak is the value", () => {
    expect(suggestedValues("lr", withExpression).split(", ")).toContain("0.02");
    for (const { value, settings } of sweepPoints(withExpression, "lr", [0.005, 0.04], 1)) {
      const schedule = scheduleOf(settings);
      expect(Math.max(...Array.from({ length: 600 }, (_, t) => schedule.at(t)))).toBeCloseTo(value as number, 12);
    }
  });

  it("leaves out settings that an expression overrules", () => {
    expect(sweepable(small)).toEqual(expect.arrayContaining(["warmup", "decay", "minLr"]));
    for (const name of ["warmup", "decay", "minLr"] as const) expect(sweepable(withExpression)).not.toContain(name);
  });

  it("runs all seeds of a value, and validates after the last step", () => {
    const points = sweepPoints({ ...small, evalEvery: 0, seed: 5 }, "warmup", [0, 60], 3);
    expect(points.map(({ value, seed, settings }) => [value, seed, settings.seed, settings.warmup, settings.evalEvery])).toEqual([
      [0, 5, 5, 0, 600], [0, 6, 6, 0, 600], [0, 7, 7, 0, 600], [60, 5, 5, 60, 600], [60, 6, 6, 60, 600], [60, 7, 7, 60, 600],
    ]);
  });

  it("runs each seed once where seeds are what differs", () => expect(sweepPoints(small, "seed", [1, 2], 4).map(({ seed }) => seed)).toEqual([1, 2]));

  it("says what is wrong before anything starts", () => {
    expect(sweepProblem(small, "lr", "0.1", 1)).toMatch(/at least two values/);
    expect(sweepProblem(small, "lr", "0.1, 0.1", 1)).toMatch(/at least two values/);
    expect(sweepProblem(small, "lr", "0.1, fast", 1)).toMatch(/lr: needs a number above 0.*"fast"/);
    expect(sweepProblem(small, "width", "64, 66", 1)).toMatch(/^66 does not go .* width: must be a multiple of heads/);
    expect(sweepProblem(small, "lr", "0.1, 0.2", 0)).toMatch(/Seeds/);
    expect(sweepProblem(small, "optimizer", "adamw, sgd", 2)).toBeNull();
  });

  it("takes any text as values without breaking", () =>
    fc.assert(fc.property(fc.string(), fc.constantFrom(...sweepable(small)), (text, name) => {
      const problem = sweepProblem(small, name, text, 1);
      expect(problem === null || problem.length > 10).toBe(true);
    })));
});

describe("the queue", () => {
  const points = (...runs: (string | null)[]) => ({ points: sweepPoints(small, "lr", runs.map((_, i) => 0.001 * 2 ** i), 1).map((point, i): QueuedPoint => ({ ...point, run: runs[i]! })) });
  const statuses = (all: Record<string, RunStatus>) => (run: string) => all[run];

  it("starts the first, watches it, then goes to the next, and ends", () => {
    expect(nextAction(points(null, null), statuses({}), new Set())).toEqual({ kind: "start", index: 0 });
    expect(nextAction(points("a", null), statuses({ a: "running" }), new Set())).toEqual({ kind: "watch", index: 0 });
    expect(nextAction(points("a", null), statuses({ a: "done" }), new Set(["a"]))).toEqual({ kind: "start", index: 1 });
    expect(nextAction(points("a", "b"), statuses({ a: "done", b: "failed" }), new Set())).toEqual({ kind: "end" });
  });

  it("goes past runs that failed, were stopped or deleted", () => expect(nextAction(points("a", "b", "gone", null), statuses({ a: "failed", b: "stopped" }), new Set())).toEqual({ kind: "start", index: 3 }));

  it("waits where the user paused its run, and resumes what a reload interrupted", () => {
    expect(nextAction(points("a", null), statuses({ a: "paused" }), new Set(["a"]))).toEqual({ kind: "wait", index: 0 });
    expect(nextAction(points("a", null), statuses({ a: "interrupted" }), new Set())).toEqual({ kind: "resume", index: 0 });
  });

  it("counts steps of the run under way", () => {
    const runs: Record<string, { status: RunStatus; step: number; settings: { steps: number } }> = { a: { status: "done", step: 600, settings: small }, b: { status: "running", step: 300, settings: small } };
    expect(progressOf(points("a", "b", null, null), (run) => runs[run])).toMatchObject({ finished: 1, total: 4, share: 1.5 / 4, current: { run: "b" } });
  });
});

describe("what a sweep found", () => {
  const queued = sweepPoints(small, "lr", [0.01, 0.02, 0.04], 2).map((point, i): QueuedPoint => ({ ...point, run: i < 5 ? `r${i}` : null }));
  const losses: Record<string, number | null> = { r0: 3, r1: 2, r2: 1.5, r3: NaN, r4: null };
  const results = sweepResults(queued, (run) => ({ loss: losses[run]!, failed: false }));

  it("is the mean and spread over seeds; runs without a finite loss count as failed", () => {
    expect(results.map(({ value, mean, min, max, failed }) => [value, mean, min, max, failed])).toEqual([[0.01, 2.5, 2, 3, 0], [0.02, 1.5, 1.5, 1.5, 1], [0.04, null, null, null, 0]]);
  });

  it("calls no value best at which runs fail", () => expect(bestOf(results)!.value).toBe(0.01));

  it("stands where it belongs along the axis", () => {
    expect(placesOf([0.001, 0.01, 0.1])).toEqual([0, expect.closeTo(0.5, 12), 1]);
    expect(placesOf([0, 30, 60])).toEqual([0, 0.5, 1]);
    expect(placesOf(["adamw", "sgd", "lion"])).toEqual([0, 0.5, 1]);
    expect(placesOf([7])).toEqual([0.5]);
  });
});
