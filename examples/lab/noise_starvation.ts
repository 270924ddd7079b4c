// Group 10: at a huge batch the gradient has no noise left; an oscillating warmup against a plain one.
import { schedule } from "kiln-gpu";
import { experiment, type Measured } from "../../src/lab/index.js";
import { DigitTrainer, trainCount } from "./support/digit_trainer.js";
import { grid, lastMean, median, spread } from "./support/statistics.js";

const net = { activation: "relu", batchNorm: true, depth: 2, width: 32 } as const;
const sizes = { small: { epochs: 64, seeds: [1, 2, 3] }, full: { epochs: 256, seeds: [1, 2, 3, 4, 5] } };
const peak = 0.4;
/** Of the peak's swing, and its period in steps. */
const swing = { amplitude: 0.8, period: 8 };
const small = { batch: 32, rate: 0.05, epochs: 8 };
const arms = ["plain", "oscillating", "small batch"] as const;

interface Cell extends Record<string, string | number> {
  arm: (typeof arms)[number];
  seed: number;
}

interface Result extends Record<string, number> {
  error: number;
  final: number;
}

type Row = Measured<Cell, Result>;

export default experiment<Cell, Result>({
  name: "noise-starvation",
  group: 10,
  title: "With a huge batch, an oscillating warmup gives back the noise that small batches have",
  claim:
    "The noise of small batches lets training leave sharp places; with the whole data as one batch there is none. A rate that swings during the warmup goes past the edge of stability again and again, which moves the weights as noise would, and should end at places that generalise better.",
  source: "Smith 2017, arXiv 1506.01186, on cyclical rates; Keskar et al. 2017, arXiv 1609.04836, on large batches and sharp minima; the oscillating warmup is a conjecture of this project's catalogue",
  prediction: "At equal steps over the whole data, the oscillating warmup ends with at least one point less test error than the plain one; small batches at an eighth of the epochs are at least as good as either.",
  revision: 1,
  criteria: [
    { id: "oscillating", statement: "test error, plain warmup minus oscillating", confirmed: { atLeast: 0.01 }, contradicted: { atMost: -0.01 } },
    { id: "small", statement: "test error, plain warmup at the whole batch minus small batches", confirmed: { atLeast: 0 }, contradicted: { atMost: -0.02 } },
  ],
  cells: (size) => grid({ arm: arms, seed: sizes[size].seeds }),
  measure: async ({ arm, seed }, { device, size, signal, shared }) => {
    const trainer = shared("trainer", () => new DigitTrainer(device, net));
    const { epochs } = sizes[size];
    if (arm === "small batch") {
      const losses = await trainer.run({ seed, batch: small.batch, epochs: Math.max(1, Math.round(epochs / 8)), lr: small.rate }, signal);
      return { error: await trainer.testError(), final: lastMean(losses, 8) };
    }
    // One step an epoch; half of them warm up.
    const steps = epochs / 2;
    const lr = schedule.warmup({ steps, to: peak, ...(arm === "oscillating" && { oscillation: swing }) }).then(schedule.cosine({ to: 0, steps }));
    const losses = await trainer.run({ seed, batch: trainCount, epochs, lr }, signal);
    return { error: await trainer.testError(), final: lastMean(losses, 4) };
  },
  conclude: (measured, size) => {
    const { epochs, seeds } = sizes[size];
    const errors = (arm: Cell["arm"]): number[] => seeds.map((seed) => find(measured, arm, seed).error);
    const minus = (a: readonly number[], b: readonly number[]) => a.map((value, i) => value - b[i]!);
    const values = { oscillating: minus(errors("plain"), errors("oscillating")), small: minus(errors("plain"), errors("small batch")) };
    const percent = (list: readonly number[]) => `${(100 * median(list)).toFixed(1)} %`;
    return {
      values,
      summary: `After ${epochs} steps over the whole data the test error was ${percent(errors("plain"))} with a plain warmup and ${percent(errors("oscillating"))} with one that swings by ${swing.amplitude} of the rate every ${swing.period} steps. Batches of ${small.batch} ended at ${percent(errors("small batch"))} after an eighth of the epochs.`,
      advice:
        median(values.oscillating) >= 0.01
          ? `With a very large batch, let the warmup swing (oscillation: amplitude ${swing.amplitude}, period ${swing.period}): ${(100 * median(values.oscillating)).toFixed(1)} points less test error here.`
          : `A swinging warmup did not help a huge batch here (${(100 * median(values.oscillating)).toFixed(1)} points): keep the plain one. ${median(values.small) > 0 ? `Smaller batches ended at ${percent(errors("small batch"))} with an eighth of the epochs, which was better` : `Nor did batches of ${small.batch} with an eighth of the epochs end better (${percent(errors("small batch"))})`}.`,
      charts: [
        {
          ...{ kind: "bars", title: "Test error", categories: ["whole batch, plain", "whole batch, oscillating", `batches of ${small.batch}`], y: { name: "share of wrong digits" } },
          series: [{ name: "median, range over seeds", values: arms.map((arm) => median(errors(arm))), low: arms.map((arm) => spread(errors(arm))[0]), high: arms.map((arm) => spread(errors(arm))[1]) }],
        },
      ],
      tables: [{ title: "Test error and final loss", columns: ["arm", "seed", "error", "final loss"], rows: measured.map(({ cell, result }) => [cell.arm, cell.seed, result.error, result.final]) }],
    };
  },
});

function find(rows: readonly Row[], arm: Cell["arm"], seed: number): Result {
  return rows.find(({ cell }) => cell.arm === arm && cell.seed === seed)!.result;
}
