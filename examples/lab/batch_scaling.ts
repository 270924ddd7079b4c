// Group 8: batch x k with rate x k, with and without a warmup, on digits with BatchNorm.
import { schedule } from "kiln-gpu";
import { experiment, type Measured } from "../../src/lab/index.js";
import { DigitTrainer, trainCount } from "./support/digit_trainer.js";
import { grid, lastMean, mean, median, spread } from "./support/statistics.js";

const base = { batch: 16, rate: 0.1 };
const sizes = { small: { ks: [1, 2, 4, 8, 16], epochs: 8, warmupEpochs: 2, seeds: [1, 2, 3] }, full: { ks: [1, 2, 4, 8, 16, 32], epochs: 30, warmupEpochs: 5, seeds: [1, 2, 3, 4, 5] } };
const judged = 16;

interface Cell extends Record<string, number | boolean> {
  k: number;
  warmed: boolean;
  seed: number;
}

interface Result extends Record<string, number> {
  /** Share of unseen digits that are wrong. */
  error: number;
  /** Mean of the last losses. */
  final: number;
}

type Row = Measured<Cell, Result>;

export default experiment<Cell, Result>({
  name: "batch-scaling",
  group: 8,
  title: "A batch k times larger with a rate k times higher needs a warmup",
  claim:
    "k steps of rate η with small batches are about one step of rate kη with a batch k times larger, as long as the weights move little meanwhile. In the first steps they move much: there the linear rule fails, and a warmup from η to kη over the first epochs makes it work again, at equal epochs.",
  source: "Goyal et al. 2017, arXiv 1706.02677, sections 2.1 and 2.2",
  prediction: "At k = 16 the linear rule without warmup leaves at least 3 points more test error than with one, and with a warmup the error stays within 5 points of that of k = 1. BatchNorm keeps the losses finite in all runs.",
  revision: 1,
  criteria: [
    { id: "needs", statement: `k = ${judged}: test error without warmup minus with it`, confirmed: { atLeast: 0.03 }, contradicted: { atMost: -0.03 } },
    { id: "works", statement: `test error at k = ${judged} with warmup minus at k = 1`, confirmed: { atMost: 0.05 }, contradicted: { atLeast: 0.2 } },
  ],
  cells: (size) => grid({ k: sizes[size].ks, warmed: [false, true], seed: sizes[size].seeds }),
  measure: async ({ k, warmed, seed }, { device, size, signal, shared }) => {
    const trainer = shared("trainer", () => new DigitTrainer(device, { activation: "relu", batchNorm: true, depth: 2, width: 32 }));
    const { epochs, warmupEpochs } = sizes[size];
    const batch = k * base.batch;
    const steps = warmupEpochs * Math.floor(trainCount / batch);
    const plain = schedule.constant(base.rate);
    const scaled = warmed && k > 1 ? schedule.warmup({ from: base.rate, to: k * base.rate, steps }).then(schedule.constant(k * base.rate)) : schedule.scaleForBatch(plain, { from: base.batch, to: batch, rule: "linear", withoutWarmup: true });
    const losses = await trainer.run({ seed, batch, epochs, lr: scaled }, signal);
    return { error: await trainer.testError(), final: lastMean(losses, 4) };
  },
  conclude: (measured, size) => {
    const { ks, seeds, warmupEpochs, epochs } = sizes[size];
    const errors = (k: number, warmed: boolean): number[] => seeds.map((seed) => find(measured, k, warmed, seed).error);
    const minus = (a: readonly number[], b: readonly number[]) => a.map((value, i) => value - b[i]!);
    const values = { needs: minus(errors(judged, false), errors(judged, true)), works: minus(errors(judged, true), errors(1, true)) };
    const percent = (list: readonly number[]) => `${(100 * median(list)).toFixed(1)} %`;
    const needs = values.needs.every((value) => value > 0);
    return {
      values,
      summary: `At equal epochs (${epochs}), the test error was ${percent(errors(1, true))} at k = 1; at k = ${judged} ${percent(errors(judged, false))} by the linear rule alone and ${percent(errors(judged, true))} with a warmup over ${warmupEpochs} epochs.`,
      advice: needs
        ? `When you enlarge the batch ${judged} times, scale the rate with it and warm up from the old rate over ${Math.round((100 * warmupEpochs) / epochs)} % of the epochs: it was worth ${(100 * median(values.needs)).toFixed(1)} points of test error here.`
        : `Test before you spend epochs on a warmup: at k = ${judged} it changed the test error by ${spread(values.needs).map((value) => (-100 * value).toFixed(1)).join(" to ")} points from seed to seed, and did not help every one.`,
      charts: [
        {
          ...{ kind: "lines", title: "Test error at equal epochs, rate scaled with the batch", x: { name: "k: batch and rate over those of k = 1", log: true }, y: { name: "share of wrong digits" } },
          series: [false, true].map((warmed) => ({
            name: warmed ? "with warmup" : "without warmup",
            points: ks.map((k) => [k, mean(errors(k, warmed))] as const),
            band: ks.map((k) => [k, ...spread(errors(k, warmed))] as const),
          })),
        },
      ],
      tables: [{ title: "Test error and final loss", columns: ["k", "warmup", "seed", "error", "final loss"], rows: measured.map(({ cell, result }) => [cell.k, cell.warmed ? "yes" : "no", cell.seed, result.error, result.final]) }],
    };
  },
});

function find(rows: readonly Row[], k: number, warmed: boolean, seed: number): Result {
  return rows.find(({ cell }) => cell.k === k && cell.warmed === warmed && cell.seed === seed)!.result;
}
