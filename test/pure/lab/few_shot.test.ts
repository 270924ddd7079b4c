// Verdicts of few-shot fine-tuning on made-up losses.
import { expect, it } from "vitest";
import experiment from "../../../examples/lab/few_shot.js";
import { concludedFrom, repeatedCells } from "../../support/lab.js";

type Losses = { target: number; source: number };

/** `of`: losses by half-life (0: never falls), of the decay and of the level rate with the same sum. */
function outcome(of: (halfLife: number, shape: string) => Losses) {
  return concludedFrom(experiment, ({ halfLife, shape }: Record<string, string | number>) => {
    const { target, source } = of(halfLife as number, shape as string);
    return { before: 0.05, source, target, lowest: target, moved: 1, curve: [1, target] };
  });
}

const rising = (halfLife: number): Losses => ({ target: 0.4 + (halfLife || 256) / 1000, source: 0.05 + (halfLife || 256) / 1000 });

it("has every setting once, and a constant rate only once", () => {
  expect(repeatedCells(experiment)).toEqual([]);
  expect(experiment.cells("small").filter(({ halfLife }) => halfLife === 0).map(({ shape }) => shape)).toEqual(["exponential", "exponential", "exponential"]);
});

it("confirms where the constant rate over-fits and forgets", () => {
  const { verdict, criteria, findings } = outcome(rising);
  expect(verdict).toBe("confirmed");
  expect(criteria[0]!.median).toBeCloseTo(0.656 / 0.416, 10);
  expect(criteria[1]!.median).toBeCloseTo(0.256 / 0.016, 10);
  expect(findings.advice).toContain("halves every 4 of 256 steps");
  expect(findings.advice).toContain("lower the rate before you tune its shape");
});

it("contradicts where the constant rate does better on the target", () => {
  const { verdict, findings } = outcome((halfLife) => ({ ...rising(halfLife), target: 0.7 - (halfLife || 256) / 1000 }));
  expect(verdict).toBe("contradicted");
  expect(findings.advice).toContain("did not lower the target's loss");
});

it("says where the shape counts", () => {
  const { findings } = outcome((halfLife, shape) => ({ ...rising(halfLife), target: rising(halfLife).target * (shape === "level" ? 1.2 : 1) }));
  expect(findings.summary).toContain("1.20 to 1.20 times the decay's");
  expect(findings.advice).toContain("the shape counts too");
});

it("confirms nothing with a constant rate that was lost, and calls it the worst", () => {
  const { verdict, findings } = outcome((halfLife) => (halfLife === 0 ? { target: NaN, source: NaN } : rising(halfLife)));
  expect(verdict).toBe("not confirmed at this scale");
  expect(findings.summary).toContain("the constant rate left diverged");
  expect(findings.advice).toContain("halves every 4 of 256 steps");
});
