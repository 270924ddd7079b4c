// The data that experiments learn from, and the decays that they compare.
import { Generator } from "kiln-gpu";
import { expect, it } from "vitest";
import { decay, span, thinned, tuned } from "../../../examples/lab/support/decays.js";
import { bars, medianCurve, medianLoss, percent } from "../../../examples/lab/support/outcomes.js";
import { batchOf, drawnBatches, examples, power, relative, teacher } from "../../../examples/lab/support/teacher.js";

const sizes = { inputs: 6, hidden: 16, outputs: 3 };
const correlation = (a: Float32Array, b: Float32Array) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

it("answers V tanh(U x), with a variance of about 1", () => {
  const of = teacher(sizes, new Generator(1));
  const { x, y, count } = examples(of, { count: 2000, random: new Generator(2) });
  const hidden = Array.from({ length: 16 }, (_, unit) => Math.tanh([0, 1, 2, 3, 4, 5].reduce((sum, i) => sum + of.features[unit * 6 + i]! * x[7 * 6 + i]!, 0)));
  expect(y[7 * 3 + 2]).toBeCloseTo(hidden.reduce((sum, h, unit) => sum + of.answers[2 * 16 + unit]! * h, 0), 5);
  const powers = Array.from({ length: 40 }, (_, seed) => power(examples(teacher(sizes, new Generator(seed)), { count: 200, random: new Generator(seed + 100) })));
  expect(powers.reduce((sum, one) => sum + one, 0) / 40).toBeCloseTo(1, 0);
  expect(count).toBe(2000);
});

it("adds noise to the answers and scales the inputs, each as it is told", () => {
  const of = teacher(sizes, new Generator(1));
  const noisy = examples(of, { count: 4000, noise: [0, 0.5, 2], scale: [...new Array(2000).fill(0), ...new Array(2000).fill(3)], random: new Generator(2) });
  const clean = examples(of, { count: 4000, scale: [...new Array(2000).fill(0), ...new Array(2000).fill(3)], random: new Generator(2) });
  expect(noisy.x).toEqual(clean.x);
  expect(noisy.x.subarray(0, 12000).every((value) => Math.abs(value) === 0)).toBe(true);
  expect(Math.sqrt(dot(noisy.x.subarray(12000), noisy.x.subarray(12000)) / 12000)).toBeCloseTo(3, 1);
  const deviations = [0, 1, 2].map((output) => Math.sqrt(noisy.y.reduce((sum, value, i) => sum + (i % 3 === output ? (value - clean.y[i]!) ** 2 : 0), 0) / 4000));
  expect(deviations[0]).toBe(0);
  expect(deviations[1]).toBeCloseTo(0.5, 1);
  expect(deviations[2]! / 2).toBeCloseTo(1, 1);
});

it("turns features by an angle and keeps their size", () => {
  const of = teacher({ inputs: 50, hidden: 50, outputs: 3 }, new Generator(1));
  expect(relative(of, 0, new Generator(2)).features).toEqual(of.features);
  for (const angle of [Math.PI / 6, Math.PI / 2]) {
    const turned = relative(of, angle, new Generator(2));
    expect(correlation(turned.features, of.features)).toBeCloseTo(Math.cos(angle), 1);
    expect(dot(turned.features, turned.features) / dot(of.features, of.features)).toBeCloseTo(1, 1);
    expect(Math.abs(correlation(turned.answers, of.answers))).toBeLessThan(0.3);
  }
});

it("draws the same batches in any order, from rows that belong together", () => {
  const all = examples(teacher(sizes, new Generator(1)), { count: 50, random: new Generator(2) });
  const [one, other] = [drawnBatches(all, { steps: 9, size: 4, seed: 3 }), drawnBatches(all, { steps: 9, size: 4, seed: 3 })];
  const late = one(8);
  one(0);
  expect(other(8)).toEqual(late);
  expect(drawnBatches(all, { steps: 9, size: 4, seed: 4 })(8)).not.toEqual(late);
  const { x, y } = batchOf(all, [7, 0]);
  expect([x.shape, y.shape]).toEqual([[2, 6], [2, 3]]);
  expect([...x.values]).toEqual([...all.x.subarray(42, 48), ...all.x.subarray(0, 6)]);
  expect([...y.values]).toEqual([...all.y.subarray(21, 24), ...all.y.subarray(0, 3)]);
});

it("lets both decays fall from the same rate to the same rate", () => {
  const [smooth, stairs] = [decay("exponential", 2, 100), decay("step", 2, 100)];
  expect([smooth.at(0), smooth.at(100)]).toEqual([2, expect.closeTo(2 / span, 12)]);
  expect([0, 24, 25, 49, 50, 74, 75, 99].map((t) => stairs.at(t))).toEqual([2, 2, 0.5, 0.5, 0.125, 0.125, 2 / span, 2 / span].map((value) => expect.closeTo(value, 12)));
});

it("takes the rate that validation prefers, and none that was lost", async () => {
  const validation: Record<number, number> = { 0.1: NaN, 0.2: 3, 0.4: 2, 0.8: NaN };
  const { best, trials } = await tuned([0.1, 0.2, 0.4, 0.8], async (rate) => ({ rate, validation: validation[rate]!, test: -rate }));
  expect(best).toEqual({ rate: 0.4, validation: 2, test: -0.4 });
  expect(trials).toHaveLength(4);
  expect((await tuned([1, 2], async (rate) => ({ rate, validation: NaN, test: NaN }))).best.validation).toBeNaN();
});

it("counts a lost run as the worst", () => {
  expect(medianLoss([NaN, 1, 2])).toBe(2);
  expect(medianLoss([NaN, NaN, 2])).toBe(Infinity);
  expect([percent(0.1234), percent(Infinity)]).toEqual(["12.3 %", "diverged"]);
  expect(bars("a", [[1, 2, 4], [NaN, 1, 2]])).toEqual({ name: "a", values: [2, 2], low: [1, null], high: [4, null] });
  expect(medianCurve([[3, 2, 1], [3, 4, 5], [9, 9]], 6)).toEqual([[2, 3], [4, 4], [6, 5]]);
  expect(thinned([1, 3, 5, 7, 9], 3)).toEqual([2, 6, 9]);
});
