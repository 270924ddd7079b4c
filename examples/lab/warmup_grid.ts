// Group 2: peak rate by warmup on a tiny GPT, post-LN and pre-LN, Adam and GI-Adam.
import { schedule, type nn } from "kiln-gpu";
import { experiment, type HeatChart, type Measured } from "../../src/lab/index.js";
import { grid, lastMean, mean, median } from "./support/statistics.js";
import { TinyTrainer, type AdamName } from "./support/tiny_gpt.js";

const rates = [8, 7, 6, 5, 4, 3, 2, 1].map((power) => 2 ** -power); // 0.0039 to 0.5
const steps = { small: 64, full: 512 };
const warmups = { small: [0, 4, 12, 24, 48], full: [0, 8, 32, 96, 192, 384] };
const seeds = { small: [1, 2, 3], full: [1, 2, 3, 4, 5] };
const norms: readonly nn.NormPlace[] = ["post", "pre"];
const adams: readonly AdamName[] = ["Adam", "GI-Adam"];
/** A final loss is the mean of so many steps. */
const averaged = 8;
/** A run has trained where it made this share of the way from the first loss to the best final loss of its grid and seed. */
const trainedShare = 0.5;

interface Cell extends Record<string, string | number> {
  norm: nn.NormPlace;
  adam: AdamName;
  rate: number;
  warmup: number;
  seed: number;
}

interface Result extends Record<string, number> {
  first: number;
  /** NaN where the run was lost. */
  final: number;
}

type Row = Measured<Cell, Result>;

/** Runs of one seed in one grid, and what they say. */
class Grid {
  private readonly floor: number;
  private readonly limit: number;

  constructor(private readonly rows: readonly Row[]) {
    this.floor = Math.min(...rows.map(({ result }) => result.final).filter((loss) => !Number.isNaN(loss)));
    const first = Math.max(...rows.map(({ result }) => result.first));
    this.limit = first - trainedShare * (first - this.floor);
  }

  /** The best final loss. */
  get best(): number {
    return this.floor;
  }

  /** The best final loss at a warmup. */
  bestAt(warmup: number): number {
    return Math.min(...this.rows.filter(({ cell, result }) => cell.warmup === warmup && !Number.isNaN(result.final)).map(({ result }) => result.final));
  }

  /** The largest rate that trains at this warmup. NaN where none does. */
  highest(warmup: number): number {
    const trained = this.rows.filter(({ cell, result }) => cell.warmup === warmup && result.final <= this.limit);
    return trained.length > 0 ? Math.max(...trained.map(({ cell }) => cell.rate)) : NaN;
  }

  /** By how much the best of the warmups widens the range of rates. */
  get widening(): number {
    const warmed = [...new Set(this.rows.map(({ cell }) => cell.warmup))].filter((warmup) => warmup > 0);
    return Math.max(...warmed.map((warmup) => this.highest(warmup)).filter(Number.isFinite)) / this.highest(0);
  }
}

function heatOf(rows: readonly Row[], norm: nn.NormPlace, adam: AdamName): HeatChart {
  const own = rows.filter(({ cell }) => cell.norm === norm && cell.adam === adam);
  const lengths = [...new Set(own.map(({ cell }) => cell.warmup))];
  return {
    ...{ kind: "heat", title: `${norm}-LN, ${adam}`, unit: "final loss, mean over seeds; × where one is lost" },
    x: { name: "peak rate", values: rates },
    y: { name: "warmup, steps", values: lengths.map(String) },
    cells: lengths.map((warmup) => rates.map((rate) => mean(own.filter(({ cell }) => cell.warmup === warmup && cell.rate === rate).map(({ result }) => result.final)))),
  };
}

export default experiment<Cell, Result>({
  name: "warmup-grid",
  group: 2,
  title: "Warmup widens the range of peak rates that train a Transformer",
  claim:
    "At initialisation the loss is sharp for Adam: its preconditioned curvature is high while its second moment is young. A warmup lets the optimizer move to flatter regions before the peak, so that larger peaks train; the gain is larger with post-LN, whose gradients near the output are large at the start, than with pre-LN. GI-Adam starts its second moment from the first gradient, which acts as a warmup η √(1 − β₂^t) by itself, and so widens the range without one.",
  source: "Kalra and Barkeshli 2024, arXiv 2406.09405, sections 3 to 6 (heat maps of test loss over peak rate and warmup; GI-Adam in 6); Xiong et al. 2020, arXiv 2002.04745, for post-LN and pre-LN",
  prediction:
    "With Adam, some warmup makes the largest peak that trains at least twice what it is without one, with post-LN, and no smaller with pre-LN. GI-Adam without warmup trains at least twice the peak of Adam without warmup. The best final loss does not get worse with warmup.",
  revision: 1,
  criteria: [
    { id: "post", statement: "post-LN, Adam: largest peak that trains, best warmup over none", confirmed: { atLeast: 2 }, contradicted: { atMost: 0.5 }, unit: "x" },
    { id: "pre", statement: "pre-LN, Adam: largest peak that trains, best warmup over none", confirmed: { atLeast: 1 }, contradicted: { atMost: 0.5 }, unit: "x" },
    { id: "gi", statement: "post-LN without warmup: largest peak that trains, GI-Adam over Adam", confirmed: { atLeast: 2 }, contradicted: { atMost: 0.5 }, unit: "x" },
    { id: "best", statement: "post-LN, Adam: best final loss without warmup minus best with it", confirmed: { atLeast: 0 }, contradicted: { atMost: -0.1 }, unit: "nats" },
  ],
  cells: (size) => grid({ norm: norms, adam: adams, warmup: warmups[size], rate: rates, seed: seeds[size] }),
  measure: async ({ norm, adam, rate, warmup, seed }, { device, size, signal, shared }) => {
    const trainer = shared(`${norm} ${adam}`, () => new TinyTrainer(device, norm, adam));
    const lr = warmup > 0 ? schedule.warmup({ steps: warmup, to: rate }).then(schedule.constant(rate)) : rate;
    const losses = await trainer.run({ seed, steps: steps[size], lr }, signal);
    return { first: losses[0]!, final: losses.length < steps[size] ? NaN : lastMean(losses, averaged) };
  },
  conclude: (measured, size) => {
    const gridOf = (norm: nn.NormPlace, adam: AdamName, seed: number) => new Grid(measured.filter(({ cell }) => cell.norm === norm && cell.adam === adam && cell.seed === seed));
    const bySeed = (value: (seed: number) => number) => seeds[size].map(value);
    const post = (seed: number) => gridOf("post", "Adam", seed);
    const warmed = warmups[size].filter((warmup) => warmup > 0);
    const values = {
      post: bySeed((seed) => post(seed).widening),
      pre: bySeed((seed) => gridOf("pre", "Adam", seed).widening),
      gi: bySeed((seed) => gridOf("post", "GI-Adam", seed).highest(0) / post(seed).highest(0)),
      best: bySeed((seed) => post(seed).bestAt(0) - Math.min(...warmed.map((warmup) => post(seed).bestAt(warmup)))),
    };
    const highest = (norm: nn.NormPlace, adam: AdamName, warmup: number) => median(bySeed((seed) => gridOf(norm, adam, seed).highest(warmup)));
    const combinations = grid({ norm: norms, adam: adams });
    const lengths = warmups[size];
    const bestLength = lengths.reduce((best, warmup) => (highest("post", "Adam", warmup) > highest("post", "Adam", best) ? warmup : best), 0);
    return {
      values,
      summary: `Post-LN with Adam trained up to a peak of ${highest("post", "Adam", 0)} without warmup and up to ${highest("post", "Adam", bestLength)} with ${bestLength} of ${steps[size]} steps of it (${median(values.post)} times); pre-LN up to ${highest("pre", "Adam", 0)} without, and ${median(values.pre)} times that at best. GI-Adam without warmup trained post-LN up to ${highest("post", "GI-Adam", 0)}. Kalra and Barkeshli report the same kind of widening on larger models and longer runs.`,
      advice:
        median(values.post) > 1
          ? `With post-LN and Adam, spend about ${Math.round((100 * bestLength) / steps[size])} % of the steps on warmup: the largest peak that trained here was ${median(values.post)} times the one without.`
          : `At this size no warmup up to ${lengths.at(-1)} of ${steps[size]} steps let post-LN with Adam train at a larger peak than none (${highest("post", "Adam", 0)}): on short runs of tiny models tune the peak first.`,
      charts: [
        ...combinations.map(({ norm, adam }) => heatOf(measured, norm, adam)),
        {
          ...{ kind: "lines", title: "Largest peak rate that trains, by warmup (median over seeds)", x: { name: "warmup, steps" }, y: { name: "peak rate", log: true } },
          series: combinations.map(({ norm, adam }, i) => ({
            ...{ name: `${norm}-LN, ${adam}`, style: adam === "Adam" ? "solid" : "dashed", colour: i >> 1 },
            points: lengths.map((warmup) => [warmup, highest(norm, adam, warmup)] as const),
            band: lengths.map((warmup) => [warmup, Math.min(...bySeed((seed) => gridOf(norm, adam, seed).highest(warmup))), Math.max(...bySeed((seed) => gridOf(norm, adam, seed).highest(warmup)))] as const),
          })),
        },
      ],
      tables: [
        {
          title: "Largest peak rate that trains, by seed",
          columns: ["norm", "optimizer", "warmup", ...seeds[size].map((seed) => `seed ${seed}`)],
          rows: combinations.flatMap(({ norm, adam }) => lengths.map((warmup) => [norm, adam, warmup, ...bySeed((seed) => gridOf(norm, adam, seed).highest(warmup))])),
        },
      ],
    };
  },
});
