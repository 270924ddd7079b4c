// What the experiments on generated points conclude from results that are made up.
import { describe, expect, it } from "vitest";
import architectureScreening, { burstOf } from "../../../examples/lab/architecture_screening.js";
import ddpm, { decayFrom } from "../../../examples/lab/ddpm.js";
import denseSparseHeads, { enough } from "../../../examples/lab/dense_sparse_heads.js";
import infonceTemperature, { rateFor as temperedRate } from "../../../examples/lab/infonce_temperature.js";
import spacedRepetition, { rateFor as spacedRate } from "../../../examples/lab/spaced_repetition.js";
import { conclude, keyOf, type Cell, type CellResult, type Experiment } from "../../../src/lab/index.js";

type Make = (cell: Cell) => CellResult;

const outcome = (one: Experiment, make: Make) => conclude(one, one.cells("small").map((cell) => ({ cell, result: make(cell) })), "small");
const verdicts = (one: Experiment, make: Make) => Object.fromEntries(outcome(one, make).criteria.map(({ id, verdict }) => [id, verdict]));
const [yes, no, opposite] = ["confirmed", "not confirmed at this scale", "contradicted"];

/** A valley over the logarithm of the rate. */
const valley = (rate: number, best: number, depth: number) => depth + 0.05 * Math.log(rate / best) ** 2;

/** Grids hold the rates that these are put at. */
const made: Record<string, { one: Experiment; confirming: Make; contradicting: Make; lost: Make }> = {
  "infonce-temperature": {
    one: infonceTemperature,
    confirming: ({ power, rate }) => ({ loss: power === 0 ? (rate === 0.5 ? 1.1 : 4) : valley(rate as number, 2, 1), curve: [4, 2] }),
    contradicting: ({ power, rate }) => ({ loss: power === 1 ? (rate === 0.5 ? 1.3 : 4) : valley(rate as number, 2, 1), curve: [4, 2] }),
    lost: () => ({ loss: NaN, curve: [4] }),
  },
  ddpm: {
    one: ddpm,
    confirming: ({ decay, peak }) => ({ excess: [0, 0, decay === "step" ? valley(peak as number, 0.16, 1) : 2], curve: [2, 1] }),
    contradicting: ({ decay, peak }) => ({ excess: [0, 0, decay === "step" ? 2 : valley(peak as number, 0.16, 1)], curve: [2, 1] }),
    lost: () => ({ excess: [NaN, NaN, NaN], curve: [] }),
  },
  "spaced-repetition": {
    one: spacedRepetition,
    confirming: ({ halfLife, rate }) => ({ recall: [1, 1, 1, 1, halfLife === 1 ? 1 : 1.5], rule: valley(rate as number, 0.14, 1) }),
    contradicting: ({ halfLife, rate }) => ({ recall: [1, 1, 1, 1, halfLife === 1 ? 1.5 : 1], rule: valley(rate as number, 0.14, 1) }),
    lost: () => ({ recall: [NaN, NaN, NaN, NaN, NaN], rule: NaN }),
  },
  "architecture-screening": {
    one: architectureScreening,
    confirming: (cell) => screened(cell, (place) => 2 ** -place),
    contradicting: (cell) => screened(cell, (place) => 2 ** place),
    lost: (cell) => ({ ...screened(cell, () => 100), highest: 2 ** -13, loss: NaN }),
  },
  "dense-sparse-heads": {
    one: denseSparseHeads,
    confirming: ({ head, warmup }) => ({ highest: head === "dense" && warmup ? 1 : 0.25, first: 1, curve: [1] }),
    contradicting: ({ head, warmup }) => ({ highest: head !== "dense" && warmup ? 1 : 0.25, first: 1, curve: [1] }),
    lost: () => ({ highest: 2 ** -16, first: NaN, curve: [] }),
  },
};

function screened(cell: Cell, burst: (place: number) => number): CellResult {
  const place = architectureScreening.cells("small").findIndex(({ candidate }) => candidate === cell.candidate);
  return { burst: burst(place), doubles: burst(place), highest: 2 ** -place, warmed: 2 ** -place, loss: 0.2 + 0.01 * place, sweepSteps: 80, trainingSteps: 400 };
}

describe.each(Object.entries(made))("%s", (name, { one, confirming, contradicting, lost }) => {
  it("has a name, cells without duplicates, and at least three seeds", () => {
    expect(one.name).toBe(name);
    for (const size of ["small", "full"] as const) {
      const cells = one.cells(size);
      expect(new Set(cells.map(keyOf)).size).toBe(cells.length);
      expect(new Set(cells.map(({ seed }) => seed)).size).toBeGreaterThanOrEqual(3);
    }
  });

  it("is confirmed by results as the claim has them", () => {
    const { verdict, criteria, findings } = outcome(one, confirming);
    expect(verdict, JSON.stringify(criteria, null, 1)).toBe(yes);
    expect(`${findings.summary}${findings.advice}`).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("is contradicted by the opposite, and says other things", () => {
    const { verdict, criteria, findings } = outcome(one, contradicting);
    expect(verdict, JSON.stringify(criteria, null, 1)).toBe(opposite);
    expect(`${findings.summary}${findings.advice}`).not.toMatch(/NaN|undefined|Infinity/);
    expect(findings.advice).not.toBe(outcome(one, confirming).findings.advice);
  });

  it("is neither where all is lost or alike", () => {
    expect(outcome(one, lost).verdict).toBe(no);
  });

  it("concludes the same from the same results", () => {
    expect(outcome(one, confirming).findings).toEqual(outcome(one, confirming).findings);
  });
});

describe("details", () => {
  it("a run that was lost does not hide the others of its rate", () => {
    const { confirming } = made.ddpm!;
    const withLoss: Make = (cell) => (cell.decay === "step" && cell.peak === 0.025 && cell.seed === 2 ? { excess: [NaN, NaN, NaN], curve: [] } : confirming(cell));
    expect(outcome(ddpm, withLoss).verdict).toBe(yes);
  });

  it("criteria are judged one by one", () => {
    expect(verdicts(ddpm, ({ decay }) => ({ excess: [0, 0, decay === "exponential" ? 2 : 1], curve: [1] }))).toEqual({ same: yes, exponential: yes, cosine: no });
    expect(verdicts(denseSparseHeads, ({ head, warmup }) => ({ highest: head !== "sparse" && warmup ? 1 : 0.25, first: 1, curve: [1] }))).toEqual({ sensitivity: yes, prior: no });
  });

  it("schedules go where their claims say", () => {
    expect(temperedRate(1, 2, 100).at(100)).toBeCloseTo(0.2, 12);
    expect(temperedRate(0, 2, 100).at(50)).toBeCloseTo(2, 12);
    expect(temperedRate(2, 2, 100).at(100)).toBeCloseTo(0.02, 12);
    for (const decay of ["step", "exponential", "cosine"] as const) {
      expect(decayFrom(decay, 3, 500).at(0)).toBeCloseTo(3, 12);
      expect(decayFrom(decay, 3, 500).at(500)).toBeCloseTo(0.03, 12);
    }
    expect(decayFrom("step", 3, 500).at(374)).toBeCloseTo(0.3, 12);
    // Learned at 16; reviews of 4 steps after 8 and 16 steps: the rate halves by 28, and again by 48.
    const matched = spacedRate(1, 0.8, [8, 16]);
    expect([0, 16, 28, 48].map((t) => matched.at(t))).toEqual([0.8, 0.8, 0.4, 0.2].map((rate) => expect.closeTo(rate, 12)));
    expect(spacedRate(4, 0.8, [8, 16]).at(48)).toBeCloseTo(0.8 / Math.SQRT2, 12);
    expect(spacedRate(0, 0.8, [8, 16]).at(48)).toBe(0.8);
  });

  it("a sweep bursts where half of its gain is lost for good, also where the net dies at chance or the loss is not finite", () => {
    const sweep = (losses: number[]) => ({ startLoss: 2, points: losses.map((loss, i) => ({ lr: 10 ** i, loss, smoothed: loss })) });
    expect(burstOf(sweep([1.8, 0.2, 1.5, 0.4, 1.39, 1.39]))).toBe(1e4);
    expect(burstOf(sweep([1.8, 0.2, NaN]))).toBe(100);
    expect(burstOf(sweep([0.02, 0.06, 0.2]))).toBe(100);
  });

  it("a head trains where it is well below the loss of its share of objects", () => {
    expect(enough({ predictions: 100, objects: 50, per: "predictions" })).toBeCloseTo(0.75 * Math.LN2, 12);
    expect(enough({ predictions: 100, objects: 50, per: "objects" })).toBeCloseTo(1.5 * Math.LN2, 12);
  });
});
