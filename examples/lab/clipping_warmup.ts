// Group 9: how many steps are clipped, with and without a warmup.
import { schedule, type nn } from "kiln-gpu";
import { experiment, type Measured } from "../../src/lab/index.js";
import { grid, lastMean, mean, median, spread } from "./support/statistics.js";
import { TinyTrainer } from "./support/tiny_gpt.js";

const clipNorm = 1;
const rates = [2 ** -6, 2 ** -5, 2 ** -4, 2 ** -3];
/** The one that the criteria are about: near the largest that trains without a warmup. */
const judged = 2 ** -4;
const sizes = { small: { steps: 96, warmup: 32, seeds: [1, 2, 3] }, full: { steps: 768, warmup: 256, seeds: [1, 2, 3, 4, 5] } };
const norms: readonly nn.NormPlace[] = ["post", "pre"];

interface Cell extends Record<string, string | number | boolean> {
  norm: nn.NormPlace;
  rate: number;
  warmed: boolean;
  seed: number;
}

interface Result extends Record<string, number> {
  /** Share of the steps. */
  clipped: number;
  final: number;
}

type Row = Measured<Cell, Result>;

export default experiment<Cell, Result>({
  name: "clipping-warmup",
  group: 9,
  title: "A warmup lowers the share of clipped steps",
  claim:
    "Clipping by the global norm and warmup guard against the same thing: steps that are too long in the sharp, early part of training. A run that needs its guard often is one whose rate climbed too fast; a good warmup lets it enter flatter regions first, and then fewer of its gradients are above the threshold.",
  source: "Pascanu et al. 2013, arXiv 1211.5063, for clipping; Gilmer et al. 2021, arXiv 2110.04369, sections 4 and 5: warmup and clipping both act on the early instability",
  prediction: `At a peak of 1/16, near the largest that trains without a warmup, a warmup over a third of the steps lowers the share of steps whose gradient norm is above ${clipNorm} by at least a tenth of all steps, post-LN and pre-LN alike.`,
  revision: 1,
  criteria: [
    { id: "post", statement: "post-LN: share of clipped steps, without warmup minus with it", confirmed: { atLeast: 0.1 }, contradicted: { atMost: -0.05 } },
    { id: "pre", statement: "pre-LN: share of clipped steps, without warmup minus with it", confirmed: { atLeast: 0.1 }, contradicted: { atMost: -0.05 } },
  ],
  cells: (size) => grid({ norm: norms, rate: rates, warmed: [false, true], seed: sizes[size].seeds }),
  measure: async ({ norm, rate, warmed, seed }, { device, size, signal, shared }) => {
    const { steps, warmup } = sizes[size];
    const trainer = shared(norm, () => new TinyTrainer(device, norm, "Adam", { clipNorm }));
    const lr = warmed ? schedule.warmup({ steps: warmup, to: rate }).then(schedule.constant(rate)) : rate;
    const losses = await trainer.run({ seed, steps, lr }, signal);
    return { clipped: (await trainer.clipped()) / losses.length, final: losses.length < steps ? NaN : lastMean(losses, 8) };
  },
  conclude: (measured, size) => {
    const { steps, warmup, seeds } = sizes[size];
    const of = (norm: nn.NormPlace, rate: number, warmed: boolean): Row[] => measured.filter(({ cell }) => cell.norm === norm && cell.rate === rate && cell.warmed === warmed);
    const shares = (norm: nn.NormPlace, rate: number, warmed: boolean) => of(norm, rate, warmed).map(({ result }) => result.clipped);
    const lowered = (norm: nn.NormPlace) => seeds.map((_, i) => shares(norm, judged, false)[i]! - shares(norm, judged, true)[i]!);
    const values = { post: lowered("post"), pre: lowered("pre") };
    const percent = (norm: nn.NormPlace, warmed: boolean) => `${(100 * median(shares(norm, judged, warmed))).toFixed(0)} %`;
    const runs = grid({ norm: norms, warmed: [false, true] });
    const fewer = median(values.pre) > 0 && median(values.post) > 0;
    return {
      values,
      summary: `At a peak of ${judged}, ${percent("post", false)} of the steps were clipped without a warmup and ${percent("post", true)} with one over ${warmup} of ${steps} steps (post-LN); ${percent("pre", false)} and ${percent("pre", true)} with pre-LN.`,
      advice: fewer
        ? `Watch the share of clipped steps (optimizer.stats()): where it is high, lengthen the warmup before touching the threshold; over a third of the run it went from ${percent("pre", false)} to ${percent("pre", true)} here with pre-LN.`
        : `The share of clipped steps is no sign of a missing warmup at this size (pre-LN: ${percent("pre", false)} without, ${percent("pre", true)} with): judge a warmup by the loss.`,
      charts: [
        {
          ...{ kind: "lines", title: `Share of steps with a gradient norm above ${clipNorm}`, x: { name: "peak rate", log: true }, y: { name: "share of steps", min: 0, max: 1 } },
          series: runs.map(({ norm, warmed }, i) => ({
            ...{ name: `${norm}-LN, ${warmed ? "warmup" : "no warmup"}`, colour: i >> 1, style: warmed ? ("solid" as const) : ("dashed" as const) },
            points: rates.map((rate) => [rate, mean(shares(norm, rate, warmed))] as const),
            band: rates.map((rate) => [rate, ...spread(shares(norm, rate, warmed))] as const),
          })),
        },
      ],
      tables: [{ title: "Shares of clipped steps and final losses", columns: ["norm", "peak", "warmup", "seed", "clipped", "final loss"], rows: measured.map(({ cell, result }) => [cell.norm, cell.rate, cell.warmed ? warmup : 0, cell.seed, result.clipped, result.final]) }],
    };
  },
});
