// Verdicts of decays on a curriculum, on made-up losses.
import { expect, it } from "vitest";
import experiment from "../../../examples/lab/curriculum.js";
import { concludedFrom, repeatedCells } from "../../support/lab.js";

function outcome(losses: Record<string, number>) {
  return concludedFrom(experiment, ({ order, fall, seed }: Record<string, string | number>) => {
    const test = losses[`${order} ${fall}`]! * (1 + 0.01 * (seed as number));
    return { rate: 0.4, validation: test, test, curve: [1, test] };
  });
}

it("has every setting once", () => expect(repeatedCells(experiment)).toEqual([]));

it("confirms where the matching helps on the stages and stairs alone do not", () => {
  const { verdict, criteria, findings } = outcome({ "staged smooth": 0.1, "staged matched": 0.08, "staged late": 0.09, "mixed smooth": 0.12, "mixed matched": 0.12 });
  expect(verdict).toBe("confirmed");
  expect(criteria.map(({ median }) => median.toFixed(3))).toEqual(["0.800", "0.800"]);
  expect(findings.advice).toContain("take drops at the stages");
  expect(findings.advice).not.toContain("mixed order");
});

it("does not take the gain of stairs as such for one of the matching", () => {
  const { verdict, criteria } = outcome({ "staged smooth": 0.1, "staged matched": 0.08, "staged late": 0.09, "mixed smooth": 0.1, "mixed matched": 0.08 });
  expect(criteria.map(({ verdict }) => verdict)).toEqual(["confirmed", "not confirmed at this scale"]);
  expect(verdict).toBe("not confirmed at this scale");
});

it("contradicts where smooth decay is better, and tells of mixed order where it is best", () => {
  const { verdict, findings } = outcome({ "staged smooth": 0.1, "staged matched": 0.12, "staged late": 0.11, "mixed smooth": 0.05, "mixed matched": 0.05 });
  expect(verdict).toBe("contradicted");
  expect(findings.advice).toContain("take smooth decay");
  expect(findings.advice).toContain("2.0 times its loss");
});

it("confirms nothing with runs that were lost", () => {
  const { verdict, findings } = outcome({ "staged smooth": NaN, "staged matched": 0.08, "staged late": 0.09, "mixed smooth": 0.12, "mixed matched": 0.12 });
  expect(verdict).toBe("not confirmed at this scale");
  expect(findings.advice).toContain("lost at every rate");
});
