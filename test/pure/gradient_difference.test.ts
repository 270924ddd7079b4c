// Differences of gradients that are rounded to f32, as a GPU's are, against Hessians known exactly.
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import { bestStep, differenceProduct, productWithError, type GradientAlong } from "../../src/tune/gradient_difference.js";
import { distance, norm } from "../../src/tune/host_vectors.js";
import { testRandom } from "../support/nd.js";

const n = 300;
const random = testRandom(5);
const place = Float32Array.from({ length: n }, () => random.normal());
const v = Float64Array.from({ length: n }, () => random.normal());
const lambda = Float64Array.from({ length: n }, (_, i) => (i % 7) - 2 + (i === 11 ? 90 : 0));

interface Case {
  gradient(x: number, i: number): number;
  hessian(x: number, i: number): number;
}
const cases: Record<string, Case> = {
  "a quadratic": { gradient: (x, i) => lambda[i]! * x + 3, hessian: (_, i) => lambda[i]! },
  "a quartic": { gradient: (x, i) => lambda[i]! * x + 4 * x ** 3, hessian: (x, i) => lambda[i]! + 12 * x * x },
  "a function that bends on a short length": { gradient: (x) => Math.sin(60 * x), hessian: (x) => 60 * Math.cos(60 * x) },
  "a function with a large gradient and little curvature": { gradient: (x, i) => 1000 + lambda[i]! * x, hessian: (_, i) => lambda[i]! },
};

/** As a GPU has them: places and gradients rounded to f32. */
const rounded =
  ({ gradient }: Case, from = place): GradientAlong =>
  async (v, alpha) =>
    Float32Array.from(Float32Array.from(from, (x, i) => x + alpha * v[i]!), gradient);
const gradientOf = async (along: GradientAlong) => along(v, 0);
const best = async (along: GradientAlong, direction?: Float64Array) => bestStep(along, direction ?? (await gradientOf(along)), norm(place));

describe("products from differences", () => {
  it.each(Object.entries(cases))("of %s: the step is found, the error is what it says and below 1%", async (_, problem) => {
    const gradientAt = rounded(problem);
    const step = await best(gradientAt);
    const { product, error } = await productWithError(gradientAt, v, step);
    const want = Float64Array.from(v, (value, i) => problem.hessian(place[i]!, i) * value);
    const actual = distance(product, want);
    expect(actual).toBeLessThan(0.01 * norm(want));
    // An estimate, not a bound: rounding differs from step to step.
    expect(actual).toBeLessThan(3 * error + 1e-6 * norm(want));
    expect(error).toBeLessThan(0.02 * norm(want));
  });

  it("the step found is near the best there is", async () => {
    for (const problem of Object.values(cases)) {
      const gradientAt = rounded(problem);
      const want = Float64Array.from(v, (value, i) => problem.hessian(place[i]!, i) * value);
      const errorAt = async (step: number) => distance(await differenceProduct(gradientAt, v, step), want);
      const least = Math.min(...(await Promise.all(Array.from({ length: 24 }, (_, k) => errorAt(2 ** (k - 14))))));
      expect(await errorAt(await best(gradientAt))).toBeLessThan(Math.max(20 * least, 1e-3 * norm(want)));
    }
  });

  it("is linear in the length of v, and zero for zeros", async () => {
    const gradientAt = rounded(cases["a quadratic"]!);
    const one = await differenceProduct(gradientAt, v, 0.1);
    const twice = await differenceProduct(gradientAt, v.map((x) => 2 * x), 0.1);
    expect(distance(twice, one.map((x) => 2 * x))).toBeLessThan(1e-6 * norm(twice));
    expect(norm(await differenceProduct(gradientAt, new Float64Array(n), 0.1))).toBe(0);
  });

  it("finds a step at a stationary point, and where the parameters are zero", async () => {
    const bowl = rounded({ gradient: (x, i) => lambda[i]! * (x - place[i]!), hessian: () => 0 });
    expect(await best(bowl, v)).toBeGreaterThan(0);
    const atZero = rounded({ gradient: (x, i) => lambda[i]! * x, hessian: () => 0 }, new Float32Array(n));
    const { product } = await productWithError(atZero, v, await bestStep(atZero, v, 0));
    expect(distance(product, v.map((x, i) => lambda[i]! * x))).toBeLessThan(1e-4 * norm(product));
  });

  it("refuses a gradient that is not finite", async () => {
    const broken: GradientAlong = async (at) => at.map(() => NaN);
    await expect(differenceProduct(broken, v, 0.1)).rejects.toThrow(UsageError);
    await expect(best(broken, v)).rejects.toThrow("Hessian: the gradient is not finite near the parameters");
  });

  it("says so where the gradient jumps", async () => {
    const kinks = rounded({ gradient: (x) => (Math.sin(500 * x) > 0 ? 1 : -1), hessian: () => 0 });
    const { product, error } = await productWithError(kinks, v, await best(kinks));
    expect(error).toBeGreaterThan(0.1 * norm(product));
  });
});
