// Verdicts of schedules for trunk and heads on made-up losses.
import { expect, it } from "vitest";
import experiment from "../../../examples/lab/multi_task.js";
import { concludedFrom, repeatedCells } from "../../support/lab.js";

function outcome(given: Record<string, number>) {
  const losses: Record<string, number> = { "exponential faster": 0.06, ...given };
  return concludedFrom(experiment, ({ trunk, heads, seed }: Record<string, string | number>) => {
    const test = losses[`${trunk} ${heads}`]! * (1 + 0.01 * (seed as number));
    return { rate: 0.4, validation: test, test, tasks: [test, test, test], curve: [1, test] };
  });
}

it("has every setting once", () => expect(repeatedCells(experiment)).toEqual([]));

it("confirms the assignment that beats both single schedules and the swapped one", () => {
  const { verdict, criteria, findings } = outcome({ "exponential step": 0.04, "step exponential": 0.08, "exponential exponential": 0.05, "step step": 0.06 });
  expect(verdict).toBe("confirmed");
  expect(criteria.map(({ median }) => median.toFixed(3))).toEqual(["0.800", "0.500"]);
  expect(findings.advice).toContain("schedules of their own");
  expect(findings.advice).toContain("stayed 50 % above stairs: the shape counts");
});

it("tells the shape of the heads' decay from the movement that it allows", () => {
  const losses = { "exponential step": 0.04, "step exponential": 0.08, "exponential exponential": 0.05, "step step": 0.06 };
  const { verdict, findings } = outcome({ ...losses, "exponential faster": 0.04 });
  expect(verdict).toBe("confirmed");
  expect(findings.advice).toContain("first rate 1.4 times the trunk's did as well as stairs");
});

it("contradicts where one schedule for all is better", () => {
  const { verdict, findings } = outcome({ "exponential step": 0.05, "step exponential": 0.05, "exponential exponential": 0.05, "step step": 0.04 });
  expect(verdict).toBe("contradicted");
  expect(findings.advice).toContain("one schedule for all, but the right one");
});

it("decides nothing where all are equal, nor with runs that were lost", () => {
  const same = outcome({ "exponential step": 0.05, "step exponential": 0.05, "exponential exponential": 0.05, "step step": 0.05, "exponential faster": 0.05 });
  expect(same.verdict).toBe("not confirmed at this scale");
  expect(same.findings.advice).toContain("One schedule for trunk and heads is enough");
  const lost = outcome({ "exponential step": NaN, "step exponential": 0.05, "exponential exponential": 0.05, "step step": 0.05 });
  expect(lost.verdict).toBe("not confirmed at this scale");
  expect(lost.findings.summary).toContain("diverged with exponential trunk and step heads");
  expect(lost.findings.advice).toContain("lost at every rate");
});
