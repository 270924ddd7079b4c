import { Generator } from "kiln-gpu";
import { describe, expect, it } from "vitest";
import { lowestOf, soundMedian } from "../../../examples/lab/support/choice.js";
import { amounts, bestGuess, inputColumns, noisyBatch } from "../../../examples/lab/support/diffusion.js";
import { highestRate, noneOf } from "../../../examples/lab/support/highest_rate.js";
import { classesOf, drawPoints, ring, scattered } from "../../../examples/lab/support/points.js";
import { rankCorrelation, ranks, separation } from "../../../examples/lab/support/ranks.js";

describe("points of a mixture", () => {
  it("lie about their centres with its spread, and the same for the same seed", () => {
    const mixture = scattered(5, 3, { distance: 2, spread: 0.25, random: new Generator(3) });
    const { x, from } = drawPoints(mixture, 20_000, new Generator(4));
    expect(drawPoints(mixture, 20_000, new Generator(4)).x).toEqual(x);
    for (let centre = 0; centre < 5; centre++) expect(Math.hypot(...mixture.centres.subarray(3 * centre, 3 * centre + 3))).toBeCloseTo(2, 5);
    let squares = 0;
    for (let i = 0; i < x.length; i++) squares += (x[i]! - mixture.centres[3 * from[Math.floor(i / 3)]! + (i % 3)]!) ** 2;
    // 60,000 squares: their mean is known to 0.6 % of 0.0625.
    expect(Math.abs(squares / x.length - 0.0625)).toBeLessThan(0.0625 * 0.03);
    expect(new Set(from).size).toBe(5);
    expect([...classesOf({ count: 3, dims: 1, x, from: Uint32Array.of(0, 5, 6) }, 4)]).toEqual([0, 1, 2]);
  });

  it("on a ring have centres at distance 1", () => {
    const { centres } = ring(8, 0.1);
    for (let i = 0; i < 16; i += 2) expect(Math.hypot(centres[i]!, centres[i + 1]!)).toBeCloseTo(1, 6);
    expect(centres[4]).toBeCloseTo(0, 6);
    expect(centres[5]).toBeCloseTo(1, 6);
  });
});

describe("the best guess of the noise", () => {
  it("is linear for a single centre, and follows the nearest of two far ones", () => {
    const u = 0.3;
    const { signal, noise } = amounts(u);
    expect(signal ** 2 + noise ** 2).toBeCloseTo(1, 12);
    const one = { dims: 2, centres: Float32Array.of(1, -2), spread: 0.5 };
    const variance = (0.5 * signal) ** 2 + noise ** 2;
    const expected = [0.7, 0.1].map((x, i) => (noise * (x - signal * [1, -2][i]!)) / variance);
    bestGuess(one, [0.7, 0.1], u).forEach((guess, i) => expect(guess).toBeCloseTo(expected[i]!, 12));
    const two = { ...one, centres: Float32Array.of(1, -2, 100, 100) };
    bestGuess(two, [0.7, 0.1], u).forEach((guess, i) => expect(guess).toBeCloseTo(expected[i]!, 12));
  });

  it("leaves a remainder that nothing computed from x can predict", () => {
    const mixture = ring(8, 0.08);
    const rows = 20_000;
    const drawn = noisyBatch(mixture, { count: rows, levels: [0.3, 0.6], target: "drawn", random: new Generator(7) });
    const best = noisyBatch(mixture, { count: rows, levels: [0.3, 0.6], target: "best", random: new Generator(7) });
    expect(best.x.values).toEqual(drawn.x.values);
    const columns = inputColumns(2);
    expect(drawn.x.shape).toEqual([rows, columns]);
    const remainder = drawn.noise.values.map((value, i) => value - best.noise.values[i]!);
    const mean = (weight: (row: number, i: number) => number) => remainder.reduce((sum, value, i) => sum + value * weight(i >> 1, i), 0) / remainder.length;
    // Means of 40,000 products of size below 1: 0.005 each. The noise itself is far from independent of x.
    expect(Math.abs(mean(() => 1))).toBeLessThan(0.02);
    expect(Math.abs(mean((row) => drawn.x.values[row * columns]!))).toBeLessThan(0.02);
    expect(Math.abs(mean((_, i) => best.noise.values[i]!))).toBeLessThan(0.02);
    expect(drawn.noise.values.reduce((sum, value, i) => sum + value * best.noise.values[i]!, 0) / rows).toBeGreaterThan(0.2);
  });
});

describe("choice and ranks", () => {
  it("a setting that lost a run is not chosen", () => {
    expect(soundMedian([1, NaN, 2])).toBeNaN();
    expect(lowestOf([1, 2, 3], (setting) => (setting === 2 ? [0, NaN, 0] : [setting, setting, 9]))).toBe(1);
    expect(lowestOf([3, 2], () => [NaN])).toBe(3);
  });

  it("ranks share their places among equals, and correlate by order alone", () => {
    expect(ranks([10, 30, 10, 20])).toEqual([1.5, 4, 1.5, 3]);
    expect(rankCorrelation([1, 2, 3], [1, 10, 1000])).toBeCloseTo(1, 12);
    expect(rankCorrelation([1, 2, 3], [5, 4, -1])).toBeCloseTo(-1, 12);
    // 1 - 6 sum d² / (n (n² - 1)), with d = 1, -1, 0, 0.
    expect(rankCorrelation([1, 2, 3, 4], [2, 1, 3, 4])).toBeCloseTo(0.8, 12);
    expect(rankCorrelation([1, 2], [1, 1])).toBeNaN();
    expect(rankCorrelation([1, 2, 3], [1, NaN, 2])).toBeNaN();
  });

  it("separation counts the pairs in the right order", () => {
    expect(separation([4, 3, 2, 1], [true, true, false, false])).toBe(1);
    expect(separation([4, 1, 2, 1], [true, true, false, false])).toBe(0.625);
    expect(separation([1, 2], [true, true])).toBeNaN();
  });

  it.each([[1, [1, 0.5]], [0.5, [1, 0.25, 0.5]], [0.125, [1, 0.25, 0.0625, 0.125]], [0.01, [1, 0.25, 0.0625]]])("the highest rate of those up to %d is found", async (edge, tried) => {
    const asked: number[] = [];
    const search = { from: 1, factor: 2, count: 5 };
    const found = await highestRate({ ...search, trains: async (rate) => (asked.push(rate), rate <= edge) });
    expect(found).toBe(edge === 0.01 ? noneOf(search) : edge);
    expect(asked).toEqual(edge === 1 ? [1] : tried);
  });
});
