// Group 11: where weight decay and a constant gradient balance, and what dropout does to a step.
import { Adam, AdamW, Generator, mul, SGD, sum, type optim, type Tensor } from "kiln-gpu";
import { experiment, type Measured } from "../../src/lab/index.js";
import { descend } from "./support/descent.js";
import { grid, mean, median } from "./support/statistics.js";

const decay = 0.1;
const rate = 0.05;
const count = { small: 64, full: 4096 };
/** 1 / (rate decay) steps make the distance 1/e: after ten times that nothing is left of the start. */
const steps = Math.round(10 / (rate * decay));
const seeds = [1, 2, 3];
const laws = ["SGD, decay in the gradient", "AdamW, decay of the weights", "Adam, decay in the gradient", "dropout, 10 % dropped", "dropout, 50 % dropped", "dropout, 80 % dropped"] as const;
type Law = (typeof laws)[number];
/** Share of inputs that a dropout keeps. */
const kept: Partial<Record<Law, number>> = { "dropout, 10 % dropped": 0.9, "dropout, 50 % dropped": 0.5, "dropout, 80 % dropped": 0.2 };

interface Cell extends Record<string, string | number> {
  law: Law;
  seed: number;
}

interface Result extends Record<string, number | number[]> {
  /** What was found over what the law says, minus 1: the mean of its size over the weights. */
  error: number;
  /** Of the first weight, or of the share of kept inputs. */
  curve: number[];
}

type Row = Measured<Cell, Result>;

const makers: Partial<Record<Law, (weights: Tensor) => optim.Optimizer>> = {
  "SGD, decay in the gradient": (weights) => new SGD([weights], { lr: rate, weightDecay: decay }),
  "AdamW, decay of the weights": (weights) => new AdamW([weights], { lr: rate, weightDecay: decay }),
  "Adam, decay in the gradient": (weights) => new Adam([weights], { lr: rate, weightDecay: decay }),
};

/** Away from zero, so that a relative error has a meaning. */
const awayFromZero = (value: number) => Math.sign(value) * (0.2 + Math.abs(value));

export default experiment<Cell, Result>({
  name: "weight-decay-equilibrium",
  group: 11,
  title: "Weights settle where decay balances the gradient; dropout lengthens the steps of what it keeps",
  claim:
    "Under a constant gradient g, decay λ that joins the gradient stops SGD and Adam at w* = −g/λ. Decay of the weights themselves (AdamW) stops at w* = −sign(g)/λ: the gradient's size has cancelled. Both arrive within a few times 1/(ηλ) steps for SGD and AdamW, whatever the start. Dropout that keeps a share q of the inputs and divides them by q lengthens the step of a kept weight to η/q.",
  source: "Loshchilov and Hutter 2019, arXiv 1711.05101, section 2; Kosson et al. 2024, arXiv 2305.17212, on the equilibrium; Srivastava et al. 2014, JMLR 15, section 10, for dropout's scaling",
  prediction: "All equilibria within 2 % of the law after ten time constants; the first SGD step of a kept input within 1 % of η/q times its gradient, for q = 0.9, 0.5 and 0.2.",
  revision: 1,
  criteria: [
    { id: "sgd", statement: "SGD: distance from −g/λ", confirmed: { atMost: 0.02 }, contradicted: { atLeast: 0.2 } },
    { id: "adamw", statement: "AdamW: distance from −sign(g)/λ", confirmed: { atMost: 0.02 }, contradicted: { atLeast: 0.2 } },
    { id: "adam", statement: "Adam: distance from −g/λ", confirmed: { atMost: 0.02 }, contradicted: { atLeast: 0.2 } },
    { id: "dropout", statement: "dropout: distance of a kept weight's step from η/q, worst q", confirmed: { atMost: 0.01 }, contradicted: { atLeast: 0.1 } },
  ],
  cells: () => grid({ law: laws, seed: seeds }),
  measure: async ({ law, seed }, { device, size, signal }) => {
    const generator = new Generator(seed);
    const slope = generator.normal(count[size]).map(awayFromZero);
    const start = generator.normal(count[size]);
    const share = kept[law];
    if (share !== undefined) {
      const mask = generator.uniform(count[size]).map((chance) => (chance < share ? 1 / share : 0));
      const [before, after] = (await descend<{ slope: Tensor; mask: Tensor }>(device, {
        ...{ start, steps: 1, signal },
        optimizer: (weights) => new SGD([weights], { lr: rate }),
        loss: (weights, fed) => sum(mul(weights, mul(fed.slope, fed.mask))),
        feed: () => ({ slope, mask }),
      })) as [Float32Array, Float32Array];
      const ratios = [...mask].flatMap((value, i) => (value > 0 ? [(before[i]! - after[i]!) / (rate * slope[i]!)] : []));
      return { error: Math.abs(mean(ratios) * share - 1), curve: ratios.slice(0, 20) };
    }
    const path = await descend<{ slope: Tensor }>(device, {
      ...{ start, steps, every: steps / 50, signal },
      optimizer: makers[law]!,
      loss: (weights, fed) => sum(mul(weights, fed.slope)),
      feed: () => ({ slope }),
    });
    const law_at = (i: number) => (law.startsWith("AdamW") ? -Math.sign(slope[i]!) : -slope[i]!) / decay;
    return { error: mean(Array.from(path.at(-1)!, (value, i) => Math.abs(value / law_at(i) - 1))), curve: path.map((weights) => weights[0]! / law_at(0)) };
  },
  conclude: (measured) => {
    const of = (start: string): Row[] => measured.filter(({ cell }) => cell.law.startsWith(start));
    const errors = (start: string) => of(start).map(({ result }) => result.error);
    const worst = seeds.map((seed) => Math.max(...of("dropout").filter(({ cell }) => cell.seed === seed).map(({ result }) => result.error)));
    const values = { sgd: errors("SGD"), adamw: errors("AdamW"), adam: errors("Adam,"), dropout: worst };
    const percent = (list: readonly number[]) => `${(100 * median(list)).toPrecision(2)} %`;
    return {
      values,
      summary: `After ${steps} steps at a rate of ${rate} and a decay of ${decay}, SGD's weights were ${percent(values.sgd)} from −g/λ, AdamW's ${percent(values.adamw)} from −sign(g)/λ, and Adam's ${percent(values.adam)} from −g/λ. The step of an input that dropout keeps was η/q to within ${percent(values.dropout)}.`,
      advice: `Decay needs about 1/(ηλ) steps to matter (${Math.round(1 / (rate * decay))} here): with a shorter run or a lower rate it does nothing. And lower the rate with dropout: keeping half of the inputs doubles the steps of those that are kept.`,
      charts: [
        {
          ...{ kind: "lines", title: "A weight over its equilibrium (seed 1)", x: { name: "step" }, y: { name: "w / w*" } },
          series: laws.filter((law) => kept[law] === undefined).map((law) => ({ name: law, points: (of(law).find(({ cell }) => cell.seed === seeds[0])?.result.curve ?? []).map((value, i) => [(i * steps) / 50, value] as const) })),
          marks: [{ x: 1 / (rate * decay), label: "1/(ηλ)" }],
        },
      ],
      tables: [{ title: "Distances from the law", columns: ["law", "seed", "distance"], rows: measured.map(({ cell, result }) => [cell.law, cell.seed, result.error]) }],
    };
  },
});
