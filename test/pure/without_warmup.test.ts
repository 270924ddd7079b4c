import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSchedule } from "../../src/recipe/schedule_expression.js";
import { withoutWarmup } from "../../src/schedule/without_warmup.js";
import { anySchedule } from "../support/schedules.js";

/** `text` without its warmup of so many steps: the peak at first, then the same values bit for bit. */
function expectHeld(text: string, warmup: number, peak: number): void {
  const schedule = parseSchedule(text);
  const flat = withoutWarmup(schedule)!;
  for (let t = 0; t < warmup; t++) expect(flat.at(t), `step ${t}`).toBeCloseTo(peak, 12);
  expect(Array.from({ length: 300 }, (_, t) => flat.at(warmup + t))).toEqual(Array.from({ length: 300 }, (_, t) => schedule.at(warmup + t)));
  expect(schedule.at(0), "there is a warmup to take away").toBeLessThan(peak);
  expect(withoutWarmup(flat), "nothing rises any more").toBeNull();
}

describe("a schedule without its warmup", () => {
  it("starts at the peak and keeps what follows", () => {
    expectHeld("warmup({ steps: 40, to: 0.01 })", 40, 0.01);
    expectHeld("warmup({ steps: 40, to: 0.01 }).then(cosine({ steps: 160, to: 0.001 }))", 40, 0.01);
    expectHeld("warmup({ steps: 40, to: 0.01, convention: 'pytorch' }).then(linear({ steps: 160 }), { at: 60 })", 40, 0.01);
    expectHeld("warmup({ steps: 10, to: 0.01, curve: 'exponential', from: 0.001 }).then(exponential({ factor: 0.99 }))", 10, 0.01);
    expectHeld("warmupStableDecay({ warmup: 30, stable: 50, decay: 20, to: 0.02 })", 30, 0.02);
    expectHeld("getCosineScheduleWithWarmup(0.01, { warmupSteps: 25, steps: 200 })", 25, 0.01);
    expectHeld("piecewise([[0, 0], [5, 0.004], [20, 0.01], [100, 0.005], [120, 0.02]])", 20, 0.01);
  });

  it("sees through scaling, clamping and products", () => {
    expectHeld("warmup({ steps: 40, to: 0.01 }).then(cosine({ steps: 160 })).scale(3)", 40, 0.03);
    expectHeld("warmup({ steps: 40, to: 0.01 }).then(cosine({ steps: 160 })).clamp({ min: 0.0001 })", 40, 0.01);
    expectHeld("warmup({ steps: 40, to: 1 }).times(constant(0.01))", 40, 0.01);
  });

  it("takes all parts of a warmup that comes in several", () => expectHeld("warmup({ steps: 10, to: 0.001 }).then(linear({ from: 0.001, to: 0.01, steps: 30 })).then(cosine({ steps: 100 }))", 40, 0.01));

  it("holds Noam's peak until where the fall begins", () => {
    const noam = parseSchedule("noam({ width: 512, warmup: 40 })");
    const flat = withoutWarmup(noam)!;
    for (let t = 0; t < 40; t++) expect(flat.at(t)).toBe(flat.at(0));
    for (const t of [39, 40, 100, 5000]) expect(flat.at(t) / noam.at(t)).toBeCloseTo(1, 12);
  });

  it("lets one cycle fall from the start", () => {
    const flat = withoutWarmup(parseSchedule("oneCycle({ to: 0.01, steps: 100 })"))!;
    expect(flat.at(0)).toBeGreaterThan(0.0099);
    for (let t = 1; t < 100; t++) expect(flat.at(t)).toBeLessThan(flat.at(t - 1));
  });

  it("finds none where a schedule does not begin with a rise", () => {
    for (const text of ["0.01", "cosine({ from: 0.01, steps: 100 })", "warmup({ steps: 0, to: 0.01 })", "warmup({ steps: 5, from: 0.02, to: 0.01 })", "warmup({ steps: 9, to: 0.01 }).scale(-1)", "oneCycle({ to: 0.01, steps: 100, threePhase: true })", "noam({ width: 512, warmup: 1 })", "linear({ from: 1, steps: 10 }).then(warmup({ steps: 10, to: 1 }))"]) {
      expect(withoutWarmup(parseSchedule(text)), text).toBeNull();
    }
  });

  it("is always a schedule that starts no lower than before, or none", () =>
    fc.assert(
      fc.property(anySchedule, (schedule) => {
        fc.pre(!schedule.isOpen);
        const flat = withoutWarmup(schedule);
        if (flat && !JSON.stringify(schedule.toDescription()).includes('"product"')) expect(flat.at(0)).toBeGreaterThanOrEqual(schedule.at(0) - 1e-9 * Math.abs(schedule.at(0)));
      }),
    ));
});
