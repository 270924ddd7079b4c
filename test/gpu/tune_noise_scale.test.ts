// The gradient noise scale of problems whose noise is known.
import { describe, expect, it } from "vitest";
import { div, fromArray, mean, mul, sub, sum } from "../../src/ops/index.js";
import { SGD } from "../../src/optim/index.js";
import { noiseScale } from "../../src/tune/index.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";
import { testRandom } from "../support/nd.js";
import { leaf } from "../support/tune_targets.js";

/** Loss of an example: |x - c|^2 / 2, c ~ N(0, diag(sigma^2)): G = x, Sigma = diag(sigma^2). */
function setup(device: Parameters<typeof leaf>[0], at: readonly number[], sigma: readonly number[], batchSize: number) {
  const x = leaf(device, at);
  const optimizer = new SGD([x], { lr: 0.1 });
  const loss = (batch: number) => {
    const random = testRandom(1000 + batch);
    const centres = Array.from({ length: batchSize * at.length }, (_, i) => sigma[i % at.length]! * random.normal());
    const from = sub(x, fromArray(device, centres, { shape: [batchSize, at.length] }));
    return mul(mean(sum(mul(from, from), { axis: 1 })), 0.5);
  };
  return { x, optimizer, loss, dispose: () => [optimizer, x].forEach((one) => one.dispose()) };
}

describe("noiseScale", () => {
  it.each([[1, 8], [4, 4], [16, 2]])("of batches of %d, %d to a large one, is tr(Sigma) / |G|^2 within its own errors", (batchSize, microBatches) =>
    withoutLeak(async (device) => {
      const [at, sigma] = [[1, -0.5, 0.25], [1, 2, 0.5]];
      const { optimizer, loss, dispose } = setup(device, at, sigma, batchSize);
      const result = await noiseScale({ optimizer, loss }, { batchSize, microBatches, draws: 40 });
      const [squared, trace] = [1 + 0.25 + 0.0625, 1 + 4 + 0.25];
      for (const [name, want] of [["gradientSquared", squared], ["trace", trace], ["noiseScale", trace / squared]] as const) {
        const { value, standardError } = result[name];
        expect(Math.abs(value - want), name).toBeLessThan(3 * standardError);
        expect(standardError, name).toBeLessThan(want / 2);
      }
      expect(result).toMatchObject({ usable: true, leftOut: 0 });
      expect(result.message).toMatch(/^The noise scale is .* examples/);
      dispose();
    }));

  it("is 0 without noise", async () => {
    const device = await testDevice();
    const { optimizer, loss, dispose } = setup(device, [3, 4], [0, 0], 2);
    const result = await noiseScale({ optimizer, loss }, { draws: 2 });
    expect(result).toMatchObject({ noiseScale: { value: 0, standardError: 0 }, gradientSquared: { value: 25 }, usable: true });
    dispose();
  });

  it("says when it is too noisy to use: at a minimum there is no gradient to see", async () => {
    const device = await testDevice();
    const { optimizer, loss, dispose } = setup(device, [0, 0], [1, 1], 1);
    const result = await noiseScale({ optimizer, loss });
    expect(result.usable).toBe(false);
    expect(result.message).toContain("Too noisy to use: the gradient does not stand out of its noise");
    dispose();
  });

  it("leaves out draws that are not finite", async () => {
    const device = await testDevice();
    const { optimizer, loss, dispose } = setup(device, [3, 4], [1, 1], 4);
    const broken = (batch: number) => (batch === 5 ? div(loss(batch), 0) : loss(batch));
    const seen: number[] = [];
    const result = await noiseScale({ optimizer, loss: broken }, { microBatches: 2, draws: 30, batchSize: 4, onProgress: ({ done }) => seen.push(done) });
    expect(result).toMatchObject({ leftOut: 1, usable: true });
    expect(result.message).toContain("1 draws had a gradient that was not finite");
    expect(seen).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    const nothing = await noiseScale({ optimizer, loss: (batch) => div(loss(batch), 0) }, { microBatches: 2, draws: 2 });
    expect(nothing).toMatchObject({ leftOut: 2, usable: false });
    await expect(noiseScale({ optimizer, loss }, { microBatches: 1 })).rejects.toThrow("noiseScale: microBatches must be a whole number >= 2, got 1");
    await expect(noiseScale({ optimizer, loss }, { draws: 1 })).rejects.toThrow("draws must be a whole number >= 2, got 1");
    await expect(noiseScale({ optimizer, loss }, { batchSize: 0 })).rejects.toThrow("batchSize must be a whole number >= 1, got 0");
    dispose();
  });
});
