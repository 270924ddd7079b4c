// Verdicts follow from values and stated bounds alone.
import { describe, expect, it } from "vitest";
import { boundText, judgeCriterion, verdictOf, type Criterion } from "../../../src/lab/index.js";

const wider: Criterion = { id: "wider", statement: "rates that train, with warmup over without", confirmed: { atLeast: 2 }, contradicted: { atMost: 1 }, unit: "x" };
const verdicts = (values: number[], criterion = wider) => judgeCriterion(criterion, values).verdict;

describe("a criterion", () => {
  it("is confirmed by the median where no seed shows the opposite, contradicted by the median", () => {
    expect(verdicts([2, 4, 8])).toBe("confirmed");
    expect(verdicts([2])).toBe("confirmed");
    expect(verdicts([1.9, 1.9, 8])).toBe("not confirmed at this scale");
    expect(verdicts([1, 2, 4])).toBe("not confirmed at this scale");
    expect(verdicts([1, 1, 4])).toBe("contradicted");
    expect(verdicts([0.5])).toBe("contradicted");
  });

  it("holds for bounds from above", () => {
    const less: Criterion = { ...wider, confirmed: { atMost: 0.5 }, contradicted: { atLeast: 1 } };
    expect(verdicts([0.1, 0.5, 0.7], less)).toBe("confirmed");
    expect(verdicts([0.1, 0.5, 1], less)).toBe("not confirmed at this scale");
    expect(verdicts([0.1, 1, 2], less)).toBe("contradicted");
  });

  it("confirms and contradicts nothing with a value that is not a number, or with none", () => {
    for (const values of [[], [NaN], [4, NaN, 4], [0, NaN, 0]]) expect(verdicts(values)).toBe("not confirmed at this scale");
    expect(verdicts([Infinity, 4, Infinity])).toBe("confirmed");
  });

  it("gives median and range", () => {
    expect(judgeCriterion(wider, [8, 2, 4])).toMatchObject({ median: 4, low: 2, high: 8 });
    expect(judgeCriterion(wider, [8, 2, 4, 6]).median).toBe(5);
    expect(boundText(wider.confirmed, wider.unit)).toBe("at least 2 x");
    expect(boundText({ atMost: 3 })).toBe("at most 3");
  });
});

it("one contradiction contradicts, and only all confirm", () => {
  const judged = (...values: number[][]) => values.map((one) => judgeCriterion(wider, one));
  expect(verdictOf(judged([4], [4]))).toBe("confirmed");
  expect(verdictOf(judged([4], [1.5]))).toBe("not confirmed at this scale");
  expect(verdictOf(judged([4], [1.5], [0.5]))).toBe("contradicted");
});
