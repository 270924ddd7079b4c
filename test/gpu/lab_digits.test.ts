import { describe, expect, it } from "vitest";
import batchScaling from "../../examples/lab/batch_scaling.js";
import { DigitTrainer } from "../../examples/lab/support/digit_trainer.js";
import { classes, drawDigits, epochOf, pixels } from "../../examples/lab/support/digits.js";
import { testDevice } from "../support/device.js";
import { benchOf } from "../support/lab.js";

describe("digits", () => {
  it("are the same for the same seed, with every label as often, and an epoch holds each once", () => {
    const digits = drawDigits(200, 3);
    expect(digits).toEqual(drawDigits(200, 3));
    expect(digits.images).not.toEqual(drawDigits(200, 4).images);
    const batches = epochOf(digits, 40, 1, 0);
    expect(batches).toHaveLength(5);
    const labels = batches.flatMap(({ y }) => [...y]);
    for (let label = 0; label < classes; label++) expect(labels.filter((one) => one === label)).toHaveLength(20);
    const sum = (list: Float32Array) => list.reduce((total, value) => total + value, 0);
    expect(batches.reduce((total, { x }) => total + sum(x), 0)).toBeCloseTo(sum(digits.images), 1);
    expect(batches[0]!.x).toHaveLength(40 * pixels);
    expect(epochOf(digits, 40, 1, 1)[0]!.y).not.toEqual(batches[0]!.y);
  });
});

describe("the digits' trainer", () => {
  it("learns, and starts anew bit for bit, running statistics and momentum included", async () => {
    const trainer = new DigitTrainer(await testDevice(), { activation: "relu", batchNorm: true, depth: 1, width: 16 });
    const { signal } = new AbortController();
    const run = async (bnMomentum: number) => ({ losses: await trainer.run({ seed: 1, batch: 64, epochs: 4, lr: 0.1, bnMomentum }, signal), error: await trainer.testError() });
    const first = await run(0.1);
    expect(first.losses.at(-1)).toBeLessThan(0.5 * first.losses[0]!);
    expect(first.error).toBeLessThan(0.5);
    const slow = await run(0.001);
    expect(slow.losses).toEqual(first.losses);
    // Statistics that hardly move leave evaluation with those of the start.
    expect(slow.error).toBeGreaterThan(first.error);
    expect(await run(0.1)).toEqual(first);
  });
});

it("a cell of batch-scaling gives the same after another", async () => {
  const workbench = benchOf(await testDevice());
  const cell = { k: 16, warmed: true, seed: 1 };
  const first = await batchScaling.measure(cell, workbench);
  await batchScaling.measure({ ...cell, k: 8, warmed: false }, workbench);
  expect(await batchScaling.measure(cell, workbench)).toEqual(first);
});
