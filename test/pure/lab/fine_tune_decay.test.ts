// Verdicts of the fine-tuning decays on made-up losses.
import { expect, it } from "vitest";
import experiment from "../../../examples/lab/fine_tune_decay.js";
import { concludedFrom, repeatedCells } from "../../support/lab.js";

/** A loss for every combination, with a validation loss that ranks them alike. */
function outcome(pretrained: Record<string, number>, losses: Record<string, number>) {
  return concludedFrom(experiment, ({ pretrain, finetune, seed }: Record<string, string | number>) => {
    const test = losses[`${pretrain} ${finetune}`]! * (1 + 0.01 * (seed as number));
    return { pretrainRate: 0.2, pretrained: pretrained[pretrain!]!, rate: 0.1, validation: test, test, curve: [1, test] };
  });
}

const level = { exponential: 0.05, step: 0.05 };

it("has every setting once", () => expect(repeatedCells(experiment)).toEqual([]));

it("confirms the pair where it is best in both phases and together", () => {
  const { verdict, criteria, findings } = outcome({ exponential: 0.04, step: 0.05 }, { "exponential step": 0.08, "exponential exponential": 0.1, "step step": 0.1, "step exponential": 0.12 });
  expect(verdict).toBe("confirmed");
  expect(criteria.map(({ id, median }) => [id, median.toFixed(3)])).toEqual([["pretrain", "0.800"], ["finetune", "0.800"], ["pair", "0.800"]]);
  expect(findings.advice).toContain("exponential, then step did best");
});

it("compares the pair with the combination that validation prefers", () => {
  const { criteria } = outcome(level, { "exponential step": 0.1, "exponential exponential": 0.12, "step step": 0.09, "step exponential": 0.08 });
  expect(criteria.find(({ id }) => id === "pair")!.values.map((value) => value.toFixed(3))).toEqual(["1.250", "1.250", "1.250", "1.250", "1.250"]);
});

it("contradicts where another pair is better, and decides nothing where all are equal", () => {
  expect(outcome(level, { "exponential step": 0.1, "exponential exponential": 0.09, "step step": 0.09, "step exponential": 0.09 }).verdict).toBe("contradicted");
  const same = outcome(level, { "exponential step": 0.1, "exponential exponential": 0.1, "step step": 0.1, "step exponential": 0.1 });
  expect(same.verdict).toBe("not confirmed at this scale");
  expect(same.findings.advice).toContain("Take either decay");
});

it("confirms nothing with runs that were lost", () => {
  const { verdict, findings } = outcome({ exponential: 0.04, step: 0.05 }, { "exponential step": NaN, "exponential exponential": 0.1, "step step": 0.1, "step exponential": 0.12 });
  expect(verdict).toBe("not confirmed at this scale");
  expect(findings.summary).toContain("diverged (exponential, then step)");
  expect(findings.advice).toContain("lost at every rate");
});
