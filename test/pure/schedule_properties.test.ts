import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { walk } from "../../src/schedule/description.js";
import { fromJSON } from "../../src/schedule/index.js";
import { anyLimits, anyOpen, anySchedule, askedSteps } from "../support/schedules.js";

/** Factors multiplied in another order may underflow elsewhere. */
const underflow = 1e-300;

describe("any composition of schedules", () => {
  it("is finite, up to t = 1e15, and within the bound that its parts promise", () =>
    fc.assert(
      fc.property(anySchedule, (s) => {
        const bound = walk.bound(walk.normal("test", s.toJSON()));
        expect(bound).toBeDefined();
        for (const t of askedSteps(s)) {
          const value = s.at(t);
          expect(Number.isFinite(value)).toBe(true);
          expect(Object.is(value, -0)).toBe(false);
          expect(Math.abs(value)).toBeLessThanOrEqual(bound! * (1 + 1e-12));
        }
      }),
      { numRuns: 300 },
    ));

  it("is pure: the same values in any order, asked again", () =>
    fc.assert(
      fc.property(anySchedule, (s) => {
        const steps = askedSteps(s);
        const once = steps.map((t) => s.at(t));
        expect([...steps].reverse().map((t) => s.at(t)).reverse()).toEqual(once);
        expect(steps.map((t) => s.at(t))).toEqual(once);
      }),
    ));

  it("survives JSON bit for bit", () =>
    fc.assert(
      fc.property(anySchedule, (s) => {
        const back = fromJSON(JSON.parse(JSON.stringify(s)));
        expect(back.toJSON()).toEqual(s.toJSON());
        expect(back.steps).toBe(s.steps);
        for (const t of askedSteps(s)) expect(back.at(t)).toBe(s.at(t));
      }),
      { numRuns: 300 },
    ));

  it("survives JSON while open, and closes to the same values", () =>
    fc.assert(
      fc.property(anySchedule, anyOpen, (before, s) => {
        expect(s.isOpen).toBe(true);
        const back = fromJSON(JSON.parse(JSON.stringify(s)));
        expect(back.isOpen).toBe(true);
        const [one, other] = [before.then(s, { at: 3 }), before.then(back, { at: 3 })];
        expect(one.isOpen).toBe(false);
        for (const t of askedSteps(one)) expect(other.at(t)).toBe(one.at(t));
      }),
    ));

  it("does not change after its end", () =>
    fc.assert(
      fc.property(anySchedule, fc.oneof(fc.integer({ min: 0, max: 1000 }), fc.double({ min: 0, max: 1e12, noNaN: true })), (s, later) => {
        fc.pre(s.steps !== Infinity);
        expect(s.at(s.steps + later)).toBe(s.at(s.steps));
      }),
      { numRuns: 300 },
    ));

  it("stays within its clamp", () =>
    fc.assert(
      fc.property(anySchedule, anyLimits, (s, limits: { min?: number; max?: number }) => {
        const clamped = s.clamp(limits);
        for (const t of askedSteps(s)) {
          const [value, free] = [clamped.at(t), s.at(t)];
          expect(value >= (limits.min ?? -Infinity) && value <= (limits.max ?? Infinity)).toBe(true);
          if (free >= (limits.min ?? -Infinity) && free <= (limits.max ?? Infinity)) expect(value).toBe(free);
        }
      }),
    ));

  it("is the product, the multiple and the delay of its values", () =>
    fc.assert(
      fc.property(anySchedule, anySchedule, fc.double({ min: -10, max: 10, noNaN: true }), fc.integer({ min: 0, max: 40 }), (a, b, k, wait) => {
        const [product, scaled, later] = [a.times(b), a.scale(k), a.delay(wait)];
        const first = a.at(0);
        for (const t of askedSteps(a)) {
          const want = a.at(t) * b.at(t);
          expect(Math.abs(product.at(t) - want)).toBeLessThanOrEqual(1e-12 * Math.abs(want) + underflow);
          expect(scaled.at(t)).toBe(k * a.at(t) + 0);
          expect(later.at(t)).toBe(t < wait ? first : a.at(t - wait));
        }
      }),
    ));

  it("is the first until the switch, then the next", () =>
    fc.assert(
      fc.property(anySchedule, anySchedule, fc.integer({ min: 0, max: 40 }), (a, b, at) => {
        const chain = a.then(b, { at });
        for (let t = 0; t < 90; t++) expect(chain.at(t)).toBe(t < at ? a.at(t) : b.at(t - at));
      }),
    ));

  it("does not depend on how a chain is bracketed", () =>
    fc.assert(
      fc.property(anySchedule, fc.oneof(anySchedule, anyOpen), fc.oneof(anySchedule, anyOpen), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20 }), (a, b, c, m, n) => {
        const left = a.then(b, { at: m }).then(c, { at: m + n });
        const right = a.then(b.then(c, { at: n }), { at: m });
        for (const t of askedSteps(left)) expect(right.at(t)).toBe(left.at(t));
      }),
    ));
});
