// Which weights are pruned, and verdicts on made-up losses.
import { expect, it } from "vitest";
import experiment, { pruned, withMasks } from "../../../examples/lab/pruning.js";
import type { Weights } from "../../../examples/lab/support/student.js";
import { concludedFrom, repeatedCells } from "../../support/lab.js";

/** `of`: the test loss by first rate, with and without a ramp; validation ranks alike. */
function outcome(of: (start: number, ramp: boolean) => number) {
  return concludedFrom(experiment, ({ start, ramp, seed }: Record<string, number | boolean>) => {
    const test = of(start as number, ramp as boolean) * (1 + 0.01 * (seed as number));
    return { rate: 0.2, dense: 0.01, pruned: 0.3, validation: test, test, curve: [1, test] };
  });
}

it("has every setting once, and no ramp to the rate that it has already", () => {
  expect(repeatedCells(experiment)).toEqual([]);
  expect(experiment.cells("small").some(({ start, ramp }) => start === 1 && ramp === true)).toBe(false);
});

it("confirms where going on smoothly beats jump and warmup, after short and long retraining", () => {
  const { verdict, criteria, findings } = outcome((start, ramp) => 0.01 * start * (ramp ? 2 : 1));
  expect(verdict).toBe("confirmed");
  expect(criteria.map(({ median }) => median.toFixed(2))).toEqual(["0.10", "0.10"]);
  expect(findings.advice).toContain("go on with the rate");
});

it("judges against the better of the two by validation, and contradicts", () => {
  const { verdict, criteria, findings } = outcome((start, ramp) => (ramp ? 0.04 : 0.05) + (start === 1 ? 0.01 : 0) + (start === 3 && !ramp ? -0.02 : 0));
  expect(verdict).toBe("contradicted");
  expect(criteria.map(({ median }) => median.toFixed(2))).toEqual(["1.50", "1.50"]);
  expect(findings.advice).toContain("raise again the rate");
  expect(findings.advice).toContain("3 times that rate (0.3 of training's first) for 40 steps");
  expect(findings.advice).toContain("2.00 times the loss of that after 400 steps");
});

it("takes the warmup where the jump was lost, and confirms nothing where smooth decay was", () => {
  expect(outcome((start, ramp) => (start === 10 && !ramp ? NaN : 0.01 * start)).criteria.map(({ median }) => median.toFixed(2))).toEqual(["0.10", "0.10"]);
  expect(outcome((start) => (start === 1 ? NaN : 0.05)).verdict).toBe("not confirmed at this scale");
});

it("prunes four weights of five, the smallest for their layer's width, and no bias", () => {
  const state = (name: string, shape: [number, number]) => ({ [`${name}.weight`]: { shape, data: Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => (i + 1) * (i % 2 ? -1 : 1)) } });
  const weights: Weights = { ...state("trunk0", [5, 4]), ...state("trunk1", [5, 4]), ...state("head", [5, 4]), "head.bias": { shape: [5], data: new Float32Array(5).fill(1e-6) } };
  const after = pruned(withMasks(weights));
  // All layers have a fan in of 4: the 12 largest of 60, four of each.
  for (const [i, name] of ["trunk0", "trunk1", "head"].entries()) {
    expect([...after[`mask${i}`]!.data as Float32Array]).toEqual([...new Array(16).fill(0), 1, 1, 1, 1]);
    expect([...after[`${name}.weight`]!.data as Float32Array].map((value) => value + 0)).toEqual([...new Array(16).fill(0), 17, -18, 19, -20]);
  }
  expect(after["head.bias"]).toBe(weights["head.bias"]);
  const wide = pruned(withMasks({ ...weights, "trunk0.weight": { shape: [1, 20], data: weights["trunk0.weight"]!.data } }));
  expect([...wide["mask0"]!.data as Float32Array].filter((one) => one === 1).length).toBeGreaterThan(4);
});
