// Group 4: running statistics lag behind weights that move fast; a momentum that follows the rate lags less.
import { schedule } from "kiln-gpu";
import { experiment, type Measured } from "../../src/lab/index.js";
import { DigitTrainer, trainCount } from "./support/digit_trainer.js";
import { epochOf } from "./support/digits.js";
import { grid, mean, median } from "./support/statistics.js";

const peak = 0.5;
const batch = 64;
const sizes = { small: { epochs: 8, seeds: [1, 2, 3] }, full: { epochs: 24, seeds: [1, 2, 3, 4, 5] } };
/** Share of the new batch in the running statistics: the same throughout, or between two as the rate is between 0 and its peak. */
const steady = 0.05;
const [least, most] = [0.02, 0.4];
const rules = ["steady", "with the rate"] as const;

interface Cell extends Record<string, string | number> {
  rule: (typeof rules)[number];
  seed: number;
}

interface Result extends Record<string, number | number[]> {
  /** Loss by the running statistics minus loss by the batch's own, at every step, on the same batch and weights. */
  gaps: number[];
}

type Row = Measured<Cell, Result>;

const stepsOf = (epochs: number) => epochs * Math.floor(trainCount / batch);
const rateOf = (steps: number) => schedule.cosine({ from: peak, to: 0, steps });

/** The share, as a schedule: a cosine between its bounds, as the rate's. */
function momentumOf(rule: Cell["rule"], steps: number): number | schedule.Schedule {
  return rule === "steady" ? steady : schedule.cosine({ from: most, to: least, steps });
}

export default experiment<Cell, Result>({
  name: "batchnorm-momentum",
  group: 4,
  title: "BatchNorm's running statistics lag behind fast weights; a momentum that follows the rate lags less",
  claim:
    "In training BatchNorm uses the statistics of the batch, in evaluation a running mean of them. With a share m of the new batch that mean is about 1/m steps old: while weights move fast it describes a net that is gone, and evaluation is worse than training on the same data. A share that follows the rate is large while the weights move and small at the end, where a long mean averages the noise of batches away.",
  source: "Ioffe and Szegedy 2015, arXiv 1502.03167, section 3.1; Wu and Johnson 2021, arXiv 2105.07576, section 3, on population statistics that lag",
  prediction: "Over the first quarter of the steps, where the rate is highest, the gap between evaluation and training with the share following the rate is at most 0.7 of that with a steady share of 0.05; over the last quarter it is at most 0.1 nats larger. The steady share's gap is at least twice as large in the first quarter as in the last.",
  revision: 1,
  criteria: [
    { id: "lag", statement: "steady share: gap in the first quarter over the last", confirmed: { atLeast: 2 }, contradicted: { atMost: 1 }, unit: "x" },
    { id: "early", statement: "first quarter: gap with the share following the rate, over steady", confirmed: { atMost: 0.7 }, contradicted: { atLeast: 1 }, unit: "x" },
    { id: "late", statement: "last quarter: gap with the share following the rate, minus steady", confirmed: { atMost: 0.1 }, contradicted: { atLeast: 0.5 }, unit: "nats" },
  ],
  cells: (size) => grid({ rule: rules, seed: sizes[size].seeds }),
  measure: async ({ rule, seed }, { device, size, signal, shared }) => {
    const trainer = shared("trainer", () => new DigitTrainer(device, { activation: "relu", batchNorm: true, depth: 2, width: 32 }));
    const { epochs } = sizes[size];
    const steps = stepsOf(epochs);
    trainer.start(seed, rateOf(steps), momentumOf(rule, steps));
    const gaps: number[] = [];
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (const one of epochOf(trainer.train, batch, seed, epoch)) {
        signal.throwIfAborted();
        const { running, own } = await trainer.bothLosses(one);
        gaps.push(running - own);
      }
    }
    return { gaps };
  },
  conclude: (measured, size) => {
    const { seeds } = sizes[size];
    const gapsOf = (rule: Cell["rule"], seed: number) => find(measured, rule, seed).gaps;
    const part = (gaps: readonly number[], from: number, to: number) => mean(gaps.slice(Math.floor(from * gaps.length), Math.floor(to * gaps.length)));
    const quarters = (rule: Cell["rule"]) => seeds.map((seed) => ({ first: part(gapsOf(rule, seed), 0, 0.25), last: part(gapsOf(rule, seed), 0.75, 1) }));
    const [still, moving] = rules.map(quarters) as [{ first: number; last: number }[], { first: number; last: number }[]];
    const values = {
      lag: still.map(({ first, last }) => first / Math.max(last, 1e-3)),
      early: moving.map(({ first }, i) => first / still[i]!.first),
      late: moving.map(({ last }, i) => last - still[i]!.last),
    };
    const nats = (list: readonly number[]) => median(list).toPrecision(2);
    const width = Math.max(1, Math.round(gapsOf("steady", seeds[0]!).length / 40));
    const smooth = (rule: Cell["rule"], fold: (values: readonly number[]) => number) =>
      Array.from({ length: Math.floor(gapsOf(rule, seeds[0]!).length / width) }, (_, i) => [i * width, fold(seeds.map((seed) => mean(gapsOf(rule, seed).slice(i * width, (i + 1) * width))))] as const);
    return {
      values,
      summary: `While the rate was high, the loss by running statistics lay ${nats(still.map(({ first }) => first))} nats above that by the batch's own with a steady share of ${steady}, and ${nats(moving.map(({ first }) => first))} with a share that went with the rate from ${most} to ${least}. In the last quarter the gaps were ${nats(still.map(({ last }) => last))} and ${nats(moving.map(({ last }) => last))}.`,
      advice:
        median(values.early) < 1
          ? `If you evaluate while the rate is high, let BatchNorm's momentum follow it (nn.setBatchNormMomentum with optimizer.scalar): the gap was ${median(values.early).toPrecision(2)} of that with a steady ${steady}.`
          : `A momentum that follows the rate did not lessen the gap here (${median(values.early).toPrecision(2)} of the steady one's): evaluate after the rate has decayed.`,
      charts: [
        {
          ...{ kind: "lines", title: "Loss by running statistics minus loss by the batch's own", x: { name: "step" }, y: { name: "nats" } },
          series: rules.map((rule) => {
            const [low, high] = [smooth(rule, (list) => Math.min(...list)), smooth(rule, (list) => Math.max(...list))];
            return { name: rule === "steady" ? `steady share of ${steady}` : `share with the rate, ${most} to ${least}`, points: smooth(rule, mean), band: low.map(([t, value], i) => [t, value, high[i]![1]] as const) };
          }),
        },
      ],
      tables: [{ title: "Mean gaps", columns: ["share", "seed", "first quarter", "last quarter"], rows: rules.flatMap((rule) => quarters(rule).map(({ first, last }, i) => [rule, seeds[i]!, first, last])) }],
    };
  },
});

function find(rows: readonly Row[], rule: Cell["rule"], seed: number): Result {
  return rows.find(({ cell }) => cell.rule === rule && cell.seed === seed)!.result;
}
