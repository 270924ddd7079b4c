// Group 5: Adagrad freezes after a cliff, Adam recovers.
import { Adagrad, Adam, add, Generator, mean as meanOf, mul, relu, sub } from "kiln-gpu";
import { experiment, type Measured } from "../../src/lab/index.js";
import { descend } from "./support/descent.js";
import { grid, mean, median } from "./support/statistics.js";

/** Walkers side by side, each with a start of its own. */
const walkers = { small: 64, full: 4096 };
const steps = { small: 400, full: 2000 };
const seeds = [1, 2, 3];
/** The loss of a walker at x: a cliff that ends at 0, then a shallow bowl about the goal. */
const cliff = 100;
const goal = 10;
const bowl = 0.01;
const optimizers = ["Adagrad", "Adam"] as const;
const rates = { Adagrad: 1, Adam: 0.1 };
// With a beta2 of 0.99, as at first, Adam needs 1200 steps to forget this cliff.
/** On the cliff, or just past it: what the same optimizer does that never met one. */
const places = ["on the cliff", "past the cliff"] as const;

interface Cell extends Record<string, string | number> {
  optimizer: (typeof optimizers)[number];
  place: (typeof places)[number];
  seed: number;
}

interface Result extends Record<string, number | number[]> {
  /** Mean distance to the goal over where it started past the cliff: 1 for no progress, 0 for having arrived. */
  left: number;
  curve: number[];
}

type Row = Measured<Cell, Result>;

const points = 40;

export default experiment<Cell, Result>({
  name: "adagrad-cliff",
  group: 5,
  title: "Adagrad freezes after a cliff, Adam recovers",
  claim:
    "Adagrad divides by the root of the sum of all squared gradients. One stretch of gradients 500 times steeper than the rest leaves a sum that shrinks its rate for good. Adam's running mean forgets by a factor e in 1/(1 − β₂) steps: a cliff r times steeper than the rest is forgotten after 2 ln r/(1 − β₂), 250 steps for r = 500 and β₂ = 0.95.",
  source: "Duchi et al. 2011, JMLR 12, for the sum; Kingma and Ba 2015, arXiv 1412.6980, section 5, for the comparison; Goodfellow et al. 2016, Deep Learning, 8.5.1",
  prediction: "From the cliff, Adagrad has at least 0.8 of the way left after 400 steps, though past the cliff the same rate leaves at most 0.5; Adam has at most 0.3 left from either place.",
  revision: 1,
  criteria: [
    { id: "frozen", statement: "Adagrad from the cliff: share of the way left", confirmed: { atLeast: 0.8 }, contradicted: { atMost: 0.5 } },
    { id: "control", statement: "Adagrad past the cliff: share of the way left", confirmed: { atMost: 0.5 }, contradicted: { atLeast: 0.8 } },
    { id: "recovers", statement: "Adam from the cliff: share of the way left", confirmed: { atMost: 0.3 }, contradicted: { atLeast: 0.8 } },
  ],
  cells: () => grid({ optimizer: optimizers, place: places, seed: seeds }),
  measure: async ({ optimizer, place, seed }, { device, size, signal }) => {
    const noise = new Generator(seed).uniform(walkers[size]);
    const start = place === "on the cliff" ? noise.map((value) => -1 - value) : noise.map((value) => 0.2 * value);
    const lr = rates[optimizer];
    const path = await descend<unknown>(device, {
      ...{ start, steps: steps[size], every: steps[size] / points, signal },
      optimizer: (tensor) => (optimizer === "Adagrad" ? new Adagrad([tensor], { lr }) : new Adam([tensor], { lr, betas: [0.9, 0.95] })),
      // Times the number of walkers, so that each has its own gradient and not a share of the mean's.
      loss: (x) => {
        const away = sub(goal, x);
        return mul(meanOf(add(mul(relu(mul(x, -1)), cliff), mul(mul(away, away), bowl))), walkers[size]);
      },
    });
    const curve = path.map((xs) => mean(Array.from(xs, (x) => Math.abs(goal - x) / goal)));
    return { left: curve.at(-1)!, curve };
  },
  conclude: (measured, size) => {
    const of = (optimizer: Cell["optimizer"], place: Cell["place"]): Row[] => measured.filter(({ cell }) => cell.optimizer === optimizer && cell.place === place);
    const left = (rows: Row[]) => rows.map(({ result }) => result.left);
    const values = { frozen: left(of("Adagrad", "on the cliff")), control: left(of("Adagrad", "past the cliff")), recovers: left(of("Adam", "on the cliff")) };
    const percent = (list: readonly number[]) => `${(100 * median(list)).toFixed(0)} %`;
    return {
      values,
      summary: `After ${steps[size]} steps Adagrad that started on the cliff had ${percent(values.frozen)} of the way to the minimum left, and ${percent(values.control)} where it never met the cliff. Adam had ${percent(values.recovers)} left after the cliff.`,
      advice: `Where early gradients can be far steeper than later ones, take an optimizer that forgets (Adam: ${percent(values.recovers)} of the way left here, Adagrad: ${percent(values.frozen)}), or warm up and clip so that Adagrad never sums the cliff.`,
      charts: [
        {
          ...{ kind: "lines", title: "Distance to the minimum (mean over walkers, seed 1)", x: { name: "step" }, y: { name: "share of the way left" } },
          series: grid({ optimizer: optimizers, place: places }).map(({ optimizer, place }, i) => ({
            ...{ name: `${optimizer} ${place}`, colour: i >> 1, style: place === "on the cliff" ? "solid" : "dashed" },
            points: (of(optimizer, place)[0]?.result.curve ?? []).map((value, t) => [(t * steps[size]) / points, value] as const),
          })),
        },
      ],
      tables: [{ title: "Share of the way left", columns: ["optimizer", "start", "seed", "left"], rows: measured.map(({ cell, result }) => [cell.optimizer, cell.place, cell.seed, result.left]) }],
    };
  },
});
