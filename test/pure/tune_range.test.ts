// What is read from a learning rate sweep, on curves of known shape.
import { describe, expect, it } from "vitest";
import { lambda } from "../../src/schedule/index.js";
import { groupRates } from "../../src/tune/group_rates.js";
import { inFlight } from "../../src/tune/in_flight.js";
import { estimateNoise, type NoiseDraw } from "../../src/tune/noise_estimate.js";
import { multipleOf, readRange, type RangePoint } from "../../src/tune/range_analysis.js";
import { testRandom } from "../support/nd.js";

const [from, to] = [1e-6, 10];
const rateAt = (i: number, steps: number) => from * (to / from) ** (i / (steps - 1));

function curve(loss: (x: number) => number, { steps = 100, noise = 0, seed = 1 } = {}): RangePoint[] {
  const random = testRandom(seed);
  return Array.from({ length: steps }, (_, i) => {
    const lr = rateAt(i, steps);
    return { lr, loss: loss(Math.log10(lr)) + noise * random.normal(), smoothed: NaN };
  });
}

const logistic = (x: number) => 1 / (1 + Math.exp(-x));
/** Falls from 3 to 1 around 10^-3, bursts past 10^-1. */
const typical = (x: number) => 1 + 2 * logistic(-3 * (x + 3)) + (x > -1 ? Math.exp(8 * (x + 1)) - 1 : 0);

describe("readRange", () => {
  it.each([[0, 100], [0.05, 100], [0.2, 100], [0, 400], [0.2, 400], [0, 40]])("reads a typical curve with noise %d in %d steps", (noise, steps) => {
    for (let seed = 0; seed < 20; seed++) {
      const reading = readRange(curve(typical, { noise, steps, seed }), 3);
      // Steepest at 1e-3; least just before 1e-1; twice the least about 0.1 decades past it.
      expect(Math.abs(Math.log10(reading.suggestion!) + 3)).toBeLessThan(noise > 0.1 ? 0.8 : 0.4);
      expect(Math.log10(reading.least!)).toBeGreaterThan(-2.2);
      expect(Math.log10(reading.least!)).toBeLessThan(-0.9);
      expect(Math.abs(Math.log10(reading.rises!) + 1)).toBeLessThan(0.3);
      expect(Math.abs(Math.log10(reading.doubles!) + 0.9)).toBeLessThan(0.3);
      expect(reading.suggestion!).toBeLessThan(reading.least!);
      expect(reading.rises!).toBeLessThanOrEqual(reading.doubles!);
    }
  });

  it("takes the burst as it comes: a last point that is not finite, or huge", () => {
    const points = curve(typical).filter(({ lr }) => lr < 0.15);
    for (const last of [NaN, Infinity, 1e30]) {
      const reading = readRange([...points, { lr: 0.2, loss: last, smoothed: last }], 3);
      expect(Math.abs(Math.log10(reading.suggestion!) + 3)).toBeLessThan(0.4);
      expect(reading.rises!).toBeGreaterThan(0.09);
      expect(reading.doubles!).toBeLessThanOrEqual(0.2);
    }
  });

  it("of a curve that only falls, knows no rise", () => {
    const reading = readRange(curve((x) => 3 - logistic(2 * (x + 2))), 3);
    expect(Math.abs(Math.log10(reading.suggestion!) + 2)).toBeLessThan(0.3);
    expect(reading.least!).toBeGreaterThan(1);
    expect([reading.rises, reading.doubles]).toEqual([null, null]);
  });

  it("of a curve that is flat, only rises, or is only noise, suggests nothing", () => {
    const nothing = { suggestion: null, least: null, rises: null, doubles: null };
    expect(readRange(curve(() => 2), 2)).toEqual(nothing);
    expect(readRange(curve((x) => 2 + Math.exp(x)), 2)).toEqual(nothing);
    expect(readRange(curve(() => NaN), 2)).toEqual(nothing);
    expect(readRange([], 2)).toEqual(nothing);
    const fooled = Array.from({ length: 300 }, (_, seed) => readRange(curve(() => 2, { noise: 0.3, seed }), 2)).filter(({ suggestion }) => suggestion !== null);
    expect(fooled.length).toBeLessThanOrEqual(3);
  });

  it("knows losses of any sign", () => {
    const shifted = readRange(curve((x) => typical(x) - 10), 3 - 10);
    expect(Math.abs(Math.log10(shifted.suggestion!) + 3)).toBeLessThan(0.4);
    expect(multipleOf(2, 4, 3)).toBe(8);
    expect(multipleOf(-2, 4, 3)).toBe(4);
    expect(multipleOf(0, 4, 100)).toBe(3);
  });
});

describe("groupRates", () => {
  it("takes the rates at the step, or the peaks where a warmup has not begun", () => {
    expect(groupRates([0.1, 0.02], 5)).toEqual({ leading: 0.1, ratios: [1, 0.02 / 0.1] });
    expect(groupRates([0, 0.2, 0.1], 0)).toEqual({ leading: 0.2, ratios: [0, 1, 0.5] });
    expect(groupRates([0, 0], 0)).toEqual({ leading: 0, ratios: [1, 1] });
    const ramp = (peak: number) => lambda((t) => peak * Math.min(1, t / 100));
    expect(groupRates([ramp(0.4), ramp(0.1)], 50)).toEqual({ leading: 0.2, ratios: [1, 0.05 / 0.2] });
    expect(groupRates([ramp(0.4), ramp(0.1)], 0)).toEqual({ leading: 0.4, ratios: [1, 0.25] });
  });
});

describe("estimateNoise", () => {
  /** Gradients of b examples each: G plus Gaussian noise of covariance diag(sigma^2) / b. */
  function drawn(seed: number, { G, sigma, b, count, draws }: { G: readonly number[]; sigma: readonly number[]; b: number; count: number; draws: number }): NoiseDraw[] {
    const random = testRandom(seed);
    return Array.from({ length: draws }, () => {
      const gradients = Array.from({ length: count }, () => G.map((g, k) => g + (sigma[k]! * random.normal()) / Math.sqrt(b)));
      const squared = (v: readonly number[]) => v.reduce((sum, x) => sum + x * x, 0);
      const mean = G.map((_, k) => gradients.reduce((sum, g) => sum + g[k]!, 0) / count);
      return { small: gradients.reduce((sum, g) => sum + squared(g), 0) / count, large: squared(mean) };
    });
  }

  it("is unbiased, and its standard errors are those that are seen", () => {
    const problem = { G: [0.5, -1, 0.25], sigma: [1, 2, 0.5], b: 4, count: 8, draws: 12 };
    const [squared, trace] = [0.25 + 1 + 0.0625, 1 + 4 + 0.25];
    const runs = Array.from({ length: 400 }, (_, seed) => estimateNoise(drawn(seed, problem), { small: 4, large: 32 }));
    const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const spread = (values: readonly number[]) => Math.sqrt(average(values.map((value) => (value - average(values)) ** 2)));
    for (const [name, want] of [["gradientSquared", squared], ["trace", trace]] as const) {
      const values = runs.map((run) => run[name].value);
      expect(Math.abs(average(values) - want), name).toBeLessThan((4 * spread(values)) / Math.sqrt(runs.length));
      expect(average(runs.map((run) => run[name].standardError)) / spread(values), name).toBeGreaterThan(0.85);
      expect(average(runs.map((run) => run[name].standardError)) / spread(values), name).toBeLessThan(1.15);
    }
    const covered = runs.filter(({ noiseScale }) => Math.abs(noiseScale.value - trace / squared) < 2 * noiseScale.standardError);
    expect(covered.length / runs.length).toBeGreaterThan(0.85);
  });

  it("is exact without noise, and NaN where no gradient is seen", () => {
    const quiet = estimateNoise(drawn(1, { G: [3, 4], sigma: [0, 0], b: 1, count: 4, draws: 3 }), { small: 1, large: 4 });
    expect(quiet).toEqual({ noiseScale: { value: 0, standardError: 0 }, gradientSquared: { value: 25, standardError: 0 }, trace: { value: 0, standardError: 0 } });
    expect(estimateNoise([{ small: 8, large: 1 }, { small: 8, large: 1 }], { small: 1, large: 4 })).toMatchObject({
      gradientSquared: { value: -4 / 3 },
      noiseScale: { value: NaN, standardError: NaN },
    });
  });
});

describe("inFlight", () => {
  it("gives results in order, launches ahead, and leaves nothing under way", async () => {
    const events: string[] = [];
    const launch = (i: number) => {
      events.push(`launch ${i}`);
      return new Promise<number>((resolve) => setTimeout(() => (events.push(`end ${i}`), resolve(i)), 1));
    };
    const got: number[] = [];
    for await (const value of inFlight(6, 2, launch)) {
      got.push(value);
      if (value === 2) break;
    }
    expect(got).toEqual([0, 1, 2]);
    expect(events.filter((event) => event.startsWith("launch"))).toHaveLength(5);
    expect(events.filter((event) => event.startsWith("end"))).toHaveLength(5);
    expect(events.slice(0, 3)).toEqual(["launch 0", "launch 1", "launch 2"]);
  });

  it("hands on the first failure once the others have ended", async () => {
    let ended = 0;
    const launch = async (i: number) => {
      await new Promise((resolve) => setTimeout(resolve, i));
      ended++;
      if (i > 0) throw new Error(`no ${i}`);
      return i;
    };
    const take = async () => {
      for await (const _ of inFlight(4, 3, launch));
    };
    await expect(take()).rejects.toThrow("no 1");
    expect(ended).toBe(4);
  });
});
