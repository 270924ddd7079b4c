// The one-dimensional searches of src/tune, on functions whose answers are known.
import { describe, expect, it } from "vitest";
import { armijo, armijoHolds, type ArmijoOptions, type Line } from "../../src/tune/armijo.js";
import { firstRise } from "../../src/tune/first_rise.js";
import { goldenSection } from "../../src/tune/golden_section.js";

/** phi(alpha) = curvature / 2 (alpha - at)^2 + floor. */
const parabola = (at: number, curvature = 1, floor = 0) => ({
  phi: (alpha: number) => (curvature / 2) * (alpha - at) ** 2 + floor,
  value: (curvature / 2) * at ** 2 + floor,
  slope: -curvature * at,
});
const armijoDefaults = { start: 1, shrink: 0.5, sufficient: 1e-4, expand: true, maxEvaluations: 60 };
const backtrack = (phi: Line, options: Partial<ArmijoOptions> & Pick<ArmijoOptions, "value" | "slope">) => armijo(phi, { ...armijoDefaults, ...options });

describe("armijo", () => {
  it("shrinks a step that is too long until the condition holds, and not further", async () => {
    const { phi, value, slope } = parabola(0.3, 2);
    const result = await backtrack(phi, { value, slope, start: 8, sufficient: 0.25 });
    // Holds for alpha <= 2 at (1 - c) = 0.45: 8, 4, 2, 1, 0.5, then 0.25.
    expect(result).toMatchObject({ outcome: "found", alpha: 0.25, value: phi(0.25) });
    expect(result.trials.map(({ alpha }) => alpha)).toEqual([8, 4, 2, 1, 0.5, 0.25]);
    expect(armijoHolds({ alpha: 0.5, value: phi(0.5) }, { value, slope, sufficient: 0.25 })).toBe(false);
  });

  it("lengthens a step that holds for as long as that is lower, unless told not to", async () => {
    const { phi, value, slope } = parabola(10);
    const grown = await backtrack(phi, { value, slope });
    expect(grown.trials.map(({ alpha }) => alpha)).toEqual([1, 2, 4, 8, 16]);
    expect(grown).toMatchObject({ outcome: "found", alpha: 8 });
    expect(await backtrack(phi, { value, slope, expand: false })).toMatchObject({ outcome: "found", alpha: 1, trials: [{ alpha: 1 }] });
  });

  it("takes NaN and infinities for too high", async () => {
    const { phi, value, slope } = parabola(0.2);
    for (const bad of [NaN, Infinity, -Infinity]) {
      const result = await backtrack((alpha) => (alpha > 0.3 ? bad : phi(alpha)), { value, slope, start: 4 });
      expect(result).toMatchObject({ outcome: "found", alpha: 0.25 });
      expect(result.trials).toHaveLength(5);
    }
    const none = await backtrack(() => NaN, { value: 1, slope: -1, maxEvaluations: 7 });
    expect(none).toMatchObject({ outcome: "no step", alpha: 0, value: 1 });
    expect(none.trials).toHaveLength(7);
  });

  it("tries nothing along a direction that does not descend, or from where nothing is finite", async () => {
    const { phi, value, slope } = parabola(1);
    for (const uphill of [-slope, 0]) expect(await backtrack(phi, { value, slope: uphill })).toEqual({ outcome: "not descent", alpha: 0, value, trials: [] });
    expect(await backtrack(phi, { value: NaN, slope })).toMatchObject({ outcome: "not finite", trials: [] });
    expect(await backtrack(phi, { value, slope: -Infinity })).toMatchObject({ outcome: "not finite", trials: [] });
  });

  it("says so when the function is flat, and when it falls for ever", async () => {
    expect(await backtrack(() => 2, { value: 2, slope: -1e-12, maxEvaluations: 9 })).toMatchObject({ outcome: "flat", alpha: 0 });
    const falls = await backtrack((alpha) => -alpha, { value: 0, slope: -1, maxEvaluations: 4 });
    expect(falls).toMatchObject({ outcome: "unbounded", alpha: 8, value: -8 });
  });

  it("hands on what the function throws", async () => {
    await expect(backtrack(() => Promise.reject(new Error("mine")), { value: 1, slope: -1 })).rejects.toThrow("mine");
  });
});

describe("goldenSection", () => {
  const search = (phi: Line, value: number, start: number, tolerance = 1e-3) => goldenSection(phi, { value, start, tolerance, maxEvaluations: 100 });

  it.each([[0.5, 1e-6], [0.5, 0.5], [0.5, 1e5], [123.4, 1], [1e-7, 3]])("finds the minimum at %d from a first step of %d", async (at, start) => {
    const { phi, value } = parabola(at, 3);
    for (const tolerance of [1e-2, 1e-5]) {
      const result = await search(phi, value, start, tolerance);
      expect(result.outcome).toBe("found");
      expect(Math.abs(result.alpha - at)).toBeLessThanOrEqual(tolerance * result.alpha);
    }
  });

  it("needs the number of evaluations that golden sections need", async () => {
    const { phi, value } = parabola(1.3);
    const { trials } = await search(phi, value, 1, 1e-4);
    // The bracket shrinks by 0.618 each time: about ln(1e-4 / 2.6) / ln 0.618 = 21, and 2 for the bracket.
    expect(trials.length).toBeLessThanOrEqual(24);
  });

  it("works where the function is not symmetric, not smooth, or not finite", async () => {
    const lopsided = await search((alpha) => Math.exp(-alpha) + 0.01 * alpha ** 2, 1, 0.1, 1e-6);
    // 0.02 alpha = e^-alpha.
    expect(Math.abs(0.02 * lopsided.alpha - Math.exp(-lopsided.alpha))).toBeLessThan(1e-7);
    const kink = await search((alpha) => Math.abs(alpha - 0.7), 0.7, 5, 1e-6);
    expect(Math.abs(kink.alpha - 0.7)).toBeLessThan(1e-6);
    for (const bad of [NaN, Infinity, -Infinity]) {
      const { phi, value } = parabola(2);
      const result = await search((alpha) => (alpha > 2.5 ? bad : phi(alpha)), value, 100, 1e-4);
      expect(result.outcome).toBe("found");
      expect(Math.abs(result.alpha - 2)).toBeLessThan(1e-3);
    }
  });

  it("says why there is no minimum", async () => {
    expect(await search((alpha) => 1 + alpha, 1, 1)).toMatchObject({ outcome: "not descent", alpha: 0, value: 1 });
    expect(await search(() => 1, 1, 1)).toMatchObject({ outcome: "flat", alpha: 0 });
    expect(await search((alpha) => -alpha, 0, 1)).toMatchObject({ outcome: "unbounded" });
    expect(await search(() => 1, NaN, 1)).toMatchObject({ outcome: "not finite", trials: [] });
    const { phi, value } = parabola(0.5);
    expect(await goldenSection(phi, { value, start: 1, tolerance: 1e-9, maxEvaluations: 10 })).toMatchObject({ outcome: "no step" });
  });
});

describe("firstRise", () => {
  const search = (phi: Line, value: number, options: object = {}) => firstRise(phi, { value, rounding: 0, start: 1e-3, precision: 1e-3, maxEvaluations: 80, ...options });

  it.each([1e-9, 1e-3, 0.7, 123])("finds where a parabola with its minimum at %d comes back to its start", async (at) => {
    const { phi, value } = parabola(at, 5);
    const { outcome, highest, rises, trials } = await search(phi, value);
    expect(outcome).toBe("found");
    expect(highest.alpha).toBeLessThanOrEqual(2 * at);
    expect(rises!.alpha).toBeGreaterThan(2 * at);
    expect(rises!.alpha - highest.alpha).toBeLessThanOrEqual(1e-3 * rises!.alpha);
    expect(trials.every(({ alpha, value: tried }) => (tried <= value ? alpha <= highest.alpha : alpha >= rises!.alpha))).toBe(true);
  });

  it("counts NaN and infinities as risen, and a rounding as level", async () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const { highest } = await search((alpha) => (alpha > 3 ? bad : 0), 1);
      expect(Math.abs(highest.alpha - 3)).toBeLessThan(3e-3);
    }
    const dips = (alpha: number) => (alpha < 0.5 ? 1 + 1e-9 : alpha < 1 ? 0.9 : 2);
    expect((await search(dips, 1)).outcome).toBe("no descent");
    expect((await search(dips, 1, { rounding: 1e-8 })).highest.alpha).toBeGreaterThan(0.99);
  });

  it("says why there is no such step", async () => {
    for (const rounding of [0, 1e-6]) {
      const uphill = await search((alpha) => 1 + alpha, 1, { rounding });
      expect(uphill).toMatchObject({ outcome: "no descent", highest: { alpha: 0, value: 1 } });
    }
    // Comes back to its start at a step that halving meets exactly.
    expect(await search((alpha) => (alpha - 0.25) ** 2, 0.0625, { start: 4 })).toMatchObject({ outcome: "found", highest: { alpha: 0.5 } });
    expect(await search(() => 0, 1, { maxEvaluations: 12 })).toMatchObject({ outcome: "unbounded", highest: { alpha: 1.024 }, rises: null });
    expect(await search(() => 0, NaN)).toMatchObject({ outcome: "not finite", trials: [] });
  });
});
