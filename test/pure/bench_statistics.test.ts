// Medians, quartiles and ratios of the benchmarks, against values worked out by hand and properties.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { difference, worstDifference } from "../../src/bench/agreement.js";
import { quantile, ratioOf, summarise } from "../../src/bench/statistics.js";

describe("quantile", () => {
  it("is numpy.quantile's default", () => {
    const values = [1, 2, 4, 8];
    expect([0, 0.25, 0.5, 0.75, 1].map((q) => quantile(values, q))).toEqual([1, 1.75, 3, 5, 8]);
    expect(quantile([5], 0.25)).toBe(5);
  });

  it("refuses to say anything of nothing", () => expect(() => quantile([], 0.5)).toThrow("needs values, got none"));

  it("lies between its neighbours and rises with q", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (values, a, b) => {
        const sorted = values.toSorted((x, y) => x - y);
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const [atLow, atHigh] = [quantile(sorted, low), quantile(sorted, high)];
        expect(atLow).toBeLessThanOrEqual(atHigh + 1e-9 * Math.abs(atHigh));
        expect(atLow).toBeGreaterThanOrEqual(sorted[0]! - 1e-9 * Math.abs(sorted[0]!));
      }),
    );
  });
});

describe("summarise", () => {
  it("does not depend on the order, nor change what it is given", () => {
    const values = [9, 1, 5, 3, 7];
    expect(summarise(values)).toEqual({ median: 5, q1: 3, q3: 7, min: 1, samples: 5 });
    expect(values).toEqual([9, 1, 5, 3, 7]);
  });

  it("is not moved by one wild value", () => expect(summarise([10, 11, 12, 13, 1e9]).median).toBe(12));
});

describe("ratioOf", () => {
  it("pairs what was measured at the same time", () => {
    // The machine slows down threefold half-way: each pair keeps its ratio of 2, the medians of the sides do not.
    expect(ratioOf([2, 2, 6, 6, 6], [1, 1, 3, 3, 3]).median).toBe(2);
    expect(ratioOf([4, 4, 12], [2, 2, 6, 1, 1]).median).toBe(2);
  });
});

describe("agreement of results", () => {
  const reference = Float32Array.of(1, -4, 2);
  it("is relative to the largest value", () => expect(difference(Float32Array.of(1, -4, 3), reference)).toBeCloseTo(0.25, 6));
  it("finds a value that is no number, and another length", () => {
    expect(difference(Float32Array.of(1, NaN, 2), reference)).toBe(Infinity);
    expect(difference(Float32Array.of(1, -4), reference)).toBe(Infinity);
  });
  it("takes the worst of several, and counts them", () => {
    expect(worstDifference([reference, Float32Array.of(1, -4, 4)], [reference, reference])).toBeCloseTo(0.5, 6);
    expect(worstDifference([reference], [reference, reference])).toBe(Infinity);
    expect(worstDifference([], [])).toBe(0);
  });
});
