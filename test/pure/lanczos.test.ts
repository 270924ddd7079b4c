import { describe, expect, it } from "vitest";
import { dot, norm, randomDirection, type HostVector } from "../../src/tune/host_vectors.js";
import { lanczos, type SpectrumEnds } from "../../src/tune/lanczos.js";
import { powerIteration } from "../../src/tune/power_iteration.js";
import { extremePair } from "../../src/tune/tridiagonal.js";
import { testRandom } from "../support/nd.js";

/** A with these eigenvalues: R diag(values) R, R a reflection in a random direction. Not diagonal, and exactly symmetric. */
function matrixWith(values: readonly number[], seed = 7): (v: HostVector) => Float64Array {
  const random = testRandom(seed);
  const u = Float64Array.from(values, () => random.normal());
  const square = u.reduce((sum, x) => sum + x * x, 0);
  const reflect = (v: HostVector) => {
    const along = (2 * dot(v, u)) / square;
    return Float64Array.from(v, (x, i) => x - along * u[i]!);
  };
  return (v) => reflect(reflect(v).map((x, i) => x * values[i]!));
}

const spread = (n: number, from: number, to: number) => Array.from({ length: n }, (_, i) => from + ((to - from) * i) / Math.max(1, n - 1));
const start = (n: number, seed = 1) => randomDirection(n, seed);

const spectra: Record<string, number[]> = {
  "one number": [3],
  "one negative number": [-3],
  "two equal numbers": [2, 2],
  "an outlier over a bulk": [...spread(499, 0, 1), 40],
  "the top three times": [...spread(97, 0, 5), 10, 10, 10],
  "a clustered top": [...spread(495, 0, 9), 9.97, 9.98, 9.99, 9.995, 10],
  "a negative end larger in size": [...spread(300, -50, 4), 10],
  "all negative": spread(60, -9, -1),
  "500 evenly spread": spread(500, -1, 1),
  "1000 over six orders": Array.from({ length: 1000 }, (_, i) => 10 ** (-3 + (6 * i) / 999)),
  "a faint top in a flat bulk of 20000": [...new Array<number>(19999).fill(50), 100],
};

describe("lanczos", () => {
  it.each(Object.entries(spectra))("finds the highest of %s within 1% and within its residual", async (_, values) => {
    const operator = matrixWith(values);
    const want = Math.max(...values);
    const { highest, residual, lowest, iterations, converged, vector } = await lanczos(operator, start(values.length), { iterations: 120, tolerance: 5e-3 });
    expect(converged, `${iterations} iterations, residual ${residual}`).toBe(true);
    expect(Math.abs(highest - want)).toBeLessThan(0.01 * Math.abs(want));
    // The bound is about some eigenvalue; the nearest is within it, with the basis' rounding of f32.
    const nearest = Math.min(...values.map((value) => Math.abs(value - highest)));
    expect(nearest).toBeLessThanOrEqual(residual + 1e-5 * Math.max(...values.map(Math.abs)));
    expect(highest).toBeLessThanOrEqual(want + 1e-5 * Math.abs(want));
    expect(lowest).toBeGreaterThanOrEqual(Math.min(...values) - 1e-4 * Math.max(...values.map(Math.abs)));
    expect(norm(vector)).toBeCloseTo(1, 10);
    expect(dot(vector, operator(vector))).toBeCloseTo(highest, 3);
  });

  it("sees the lowest end too", async () => {
    const { lowest } = await lanczos(matrixWith(spectra["a negative end larger in size"]!), start(301), { iterations: 60, tolerance: 1e-6 });
    expect(lowest).toBeCloseTo(-50, 1);
  });

  it("ends exactly where the basis is complete, whatever was asked", async () => {
    const { highest, iterations, residual } = await lanczos(matrixWith([1, 1, 4, 4, 4]), start(5), { iterations: 50, tolerance: 0 });
    expect(iterations).toBeLessThanOrEqual(5);
    expect(highest).toBeCloseTo(4, 6);
    expect(residual).toBeLessThan(1e-5);
  });

  it("is not fooled by a start that has almost nothing of the top direction", async () => {
    const values = [...spread(800, 0, 9), 10];
    const almost = Float64Array.from(values, (_, i) => (i === 800 ? 1e-6 : Math.cos(i)));
    const diagonal = (v: HostVector) => Float64Array.from(v, (x, i) => x * values[i]!);
    const { highest } = await lanczos(diagonal, almost, { iterations: 200, tolerance: 1e-4 });
    expect(highest).toBeCloseTo(10, 2);
  });

  it("stays orthogonal long after the top has converged: no copies of it, no value beyond it", async () => {
    const values = [...spread(200, 0, 1), 1000];
    const seen: SpectrumEnds[] = [];
    await lanczos(matrixWith(values), start(201), { iterations: 100, tolerance: 0, onIteration: (ends) => void seen.push(ends) });
    expect(seen).toHaveLength(100);
    expect(Math.max(...seen.map(({ highest }) => highest))).toBeLessThan(1000.001);
    expect(Math.min(...seen.map(({ lowest }) => lowest))).toBeGreaterThan(-0.001);
  });

  it("says when it did not converge", async () => {
    const { converged, iterations } = await lanczos(matrixWith(spectra["a clustered top"]!), start(500), { iterations: 3, tolerance: 1e-6 });
    expect([converged, iterations]).toEqual([false, 3]);
  });

  it("repeats with its seed", async () => {
    const run = (seed: number) => lanczos(matrixWith(spread(50, 0, 1)), start(50, seed), { iterations: 5, tolerance: 0 });
    expect(await run(3)).toEqual(await run(3));
    expect((await run(4)).highest).not.toBe((await run(3)).highest);
  });
});

describe("power iteration", () => {
  it.each(Object.entries(spectra).filter(([name]) => !/evenly|clustered|six|faint/.test(name)))("finds the highest of %s", async (_, values) => {
    const want = Math.max(...values);
    const { highest, converged } = await powerIteration(matrixWith(values), start(values.length), { iterations: 1000, tolerance: 5e-3 });
    expect(converged).toBe(true);
    expect(Math.abs(highest - want)).toBeLessThan(0.01 * Math.abs(want));
  });

  it("needs many times the products of Lanczos on a clustered top", async () => {
    const values = spectra["a clustered top"]!;
    const options = { iterations: 5000, tolerance: 1e-3 };
    const [quick, slow] = [await lanczos(matrixWith(values), start(500), options), await powerIteration(matrixWith(values), start(500), options)];
    expect(slow.iterations).toBeGreaterThan(3 * quick.iterations);
    expect(slow.highest).toBeCloseTo(quick.highest, 1);
  });

  it("takes a flat bulk for the top where the top is faint in its start; Lanczos does not", async () => {
    const values = spectra["a faint top in a flat bulk of 20000"]!;
    expect((await powerIteration(matrixWith(values), start(20000), { iterations: 1000, tolerance: 5e-3 })).highest).toBeLessThan(51);
  });

  it("an operator that is zero has the eigenvalue zero", async () => {
    for (const search of [lanczos, powerIteration]) {
      const { highest, converged } = await search((v) => new Float64Array(v.length), start(9), { iterations: 20, tolerance: 1e-2 });
      expect([highest, converged]).toEqual([0, true]);
    }
  });
});

describe("a tridiagonal matrix", () => {
  it("of -1, 2, -1 has the known ends", () => {
    for (const n of [1, 2, 3, 10, 57]) {
      const [diagonal, off] = [new Array<number>(n).fill(2), new Array<number>(n - 1).fill(-1)];
      const top = extremePair(diagonal, off, "highest");
      const want = (j: number) => 2 - 2 * Math.cos((j * Math.PI) / (n + 1));
      expect(top.value).toBeCloseTo(want(n), 12);
      expect(extremePair(diagonal, off, "lowest").value).toBeCloseTo(want(1), 12);
      top.vector.forEach((value, i) => {
        const image = 2 * value - (top.vector[i - 1] ?? 0) - (top.vector[i + 1] ?? 0);
        expect(image).toBeCloseTo(top.value * value, 10);
      });
    }
  });

  it("that falls apart, is zero, or has equal entries", () => {
    expect(extremePair([1, 5, 3], [0, 0], "highest")).toMatchObject({ value: expect.closeTo(5, 12) });
    expect(Math.abs(extremePair([1, 5, 3], [0, 0], "highest").vector[1]!)).toBeCloseTo(1, 10);
    expect(extremePair([0, 0], [0], "highest").value).toBe(0);
    expect(extremePair([4, 4], [0], "lowest").value).toBeCloseTo(4, 12);
    expect(extremePair([-3], [], "highest").vector.map(Math.abs)).toEqual(Float64Array.of(1));
  });
});
