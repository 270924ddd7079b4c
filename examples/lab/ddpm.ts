// Group 15: a small diffusion model of points in the plane, and how long its rate should stay high.
import { Adam, Generator, mseLoss, schedule, type Device, type Tensor } from "kiln-gpu";
import { experiment, type Measured, type Size } from "../../src/lab/index.js";
import { lowestOf, orNull, soundMedian } from "./support/choice.js";
import { inputColumns, noisyBatch, type NoisyBatch } from "./support/diffusion.js";
import { lossesOf } from "./support/losses.js";
import { PlainNet, type NetShape } from "./support/plain_net.js";
import { ring } from "./support/points.js";
import { grid, mean, median, spread } from "./support/statistics.js";
import { Trainee } from "./support/trainee.js";

type Decay = "step" | "exponential" | "cosine";
type Setting = { decay: Decay; peak: number; seed: number };
/** Mean square distance of the model's guess from the best one, at the end: over the levels with least noise, the middle ones, those with most; and along the way. NaN where the run was lost. */
type Result = { excess: number[]; curve: number[] };
type Row = Measured<Setting, Result>;

const mixture = ring(8, 0.08);
const net: NetShape = { inputs: inputColumns(mixture.dims), width: 32, outputs: mixture.dims, depth: 2, activation: "silu" };
const decays: readonly Decay[] = ["step", "exponential", "cosine"];
const peaks = [0.025, 0.0625, 0.1, 0.16];
const batch = 128;
/** How far every schedule falls. */
const fall = 100;
/** Looks at the excess along the way. */
const looks = 5;
const runOf = (size: Size) => (size === "full" ? { steps: 5000, seeds: [1, 2, 3, 4, 5, 6, 7] } : { steps: 500, seeds: [1, 2, 3] });

const ratio = (id: string, statement: string) => ({ id, statement, confirmed: { atLeast: 1.1 }, contradicted: { atMost: 0.9 }, unit: "x" });

export default experiment<Setting, Result>({
  name: "ddpm",
  group: 15,
  title: "Step decay for a diffusion model's late, flat progress",
  claim:
    "A denoising model soon learns the coarse part of its target; what is left is fine structure under a floor of noise that no model can predict, where the loss is nearly flat and progress slow. " +
    "A step decay holds the peak rate for half of the run and so has rate left for it, Σ η = 0.53 η★ T; an exponential decay between the same two rates has spent most of its 0.21 η★ T by then, and a cosine also falls early.",
  source:
    "The model: Ho et al. 2020 (arXiv 2006.11239, section 3.2, guessing the noise); its noise levels: Nichol and Dhariwal 2021 (arXiv 2102.09672, section 3.2). The decays: Li, Zhuang and Orabona 2020 (arXiv 2002.05273) " +
    "for exponential and cosine, Ge et al. 2019 (arXiv 1904.12838) for step decay. That diffusion needs the step decay is this catalogue's claim.",
  prediction:
    "Points of a mixture of 8 Gaussians have a best guess of the noise in closed form, so the excess over it is exact. From the same peak to the same end, the exponential decay ends with 1.2 to 2 times the excess of the " +
    "step decay. It can buy the budget back by a higher peak: at each one's best peak I expect 1.0 to 1.3 times. The cosine's budget is as large, 0.5 η★ T: within 10 % of the step decay, so not confirmed against it.",
  revision: 1,
  criteria: [
    ratio("same", "excess at the end, exponential over step decay, both from the step decay's best peak"),
    ratio("exponential", "excess at the end, exponential over step decay, each from its best peak"),
    ratio("cosine", "excess at the end, cosine over step decay, each from its best peak"),
  ],
  cells: (size) => grid({ decay: decays, peak: peaks, seed: runOf(size).seeds }),

  async measure({ decay, peak, seed }, { device, size, signal, shared }) {
    const { steps } = runOf(size);
    const trainee = shared("trainee", () => makeTrainee(device));
    const batches = shared(`batches ${seed}`, () => makeBatches(seed, steps));
    const thirds = shared("held out", makeHeldOut);
    const look = () => Promise.all(thirds.map((third) => trainee.evaluate(third)));
    trainee.start(new PlainNet(device, net, seed), decayFrom(decay, peak, steps));
    const every = steps / looks;
    const curve: number[] = [];
    for (let done = 0; done < steps; done += every) {
      const losses = await lossesOf(trainee.step, { steps: every, feed: (t) => batches[done + t]!, signal, stopAbove: 100 });
      if (losses.length < every) return { excess: [NaN, NaN, NaN], curve };
      curve.push(mean(await look()));
    }
    return { excess: await look(), curve };
  },

  conclude(rows, size) {
    const { steps, seeds } = runOf(size);
    const endsOf = (decay: Decay, peak: number) => seeds.map((seed) => mean(at(rows, decay, peak, seed).excess));
    const best = new Map(decays.map((decay) => [decay, lowestOf(peaks, (peak) => endsOf(decay, peak))]));
    const ends = (decay: Decay) => endsOf(decay, best.get(decay)!);
    const over = (a: readonly number[], b: readonly number[]) => a.map((value, i) => value / b[i]!);
    const step = ends("step");
    const values = { same: over(endsOf("exponential", best.get("step")!), step), exponential: over(ends("exponential"), step), cosine: over(ends("cosine"), step) };
    const lowest = decays.reduce((a, b) => (median(ends(b)) < median(ends(a)) ? b : a));
    const thirdOf = (decay: Decay, third: number) => median(seeds.map((seed) => at(rows, decay, best.get(decay)!, seed).excess[third]!));
    const budget = (decay: Decay) => schedule.describe(decayFrom(decay, 1, steps), { steps }).sum / steps;
    return {
      values,
      summary:
        `Over the best guess, at each decay's best peak, the model was left with ${decays.map((decay) => `${median(ends(decay)).toFixed(4)} (${decay} from ${best.get(decay)})`).join(", ")}. From the step decay's best peak the ` +
        `exponential decay ended at ${median(values.same).toFixed(2)} times the step decay's excess, from its own at ${median(values.exponential).toFixed(2)} times; the cosine at ${median(values.cosine).toFixed(2)} times.`,
      advice:
        `Lowest here: ${lowest} decay from ${best.get(lowest)}. ` +
        (lowest === "exponential"
          ? "Even an exponential decay has rate enough if its peak is tuned by itself."
          : `An exponential decay between the same two rates spends ${(budget("step") / budget("exponential")).toFixed(1)} times less rate than the steps do and ended at ${(median(ends("exponential")) / median(ends(lowest))).toFixed(2)} times the lowest excess` +
            (best.get("exponential")! > best.get("step")! ? `, from a peak raised to ${best.get("exponential")}.` : "; a higher peak did not make up for it.")),
      charts: [
        {
          kind: "lines",
          title: "Excess over the best guess, along the way (each from its best peak)",
          x: { name: "step" },
          y: { name: "mean square excess", log: true },
          series: decays.map((decay) => {
            const curves = seeds.map((seed) => at(rows, decay, best.get(decay)!, seed).curve);
            const marks = curves[0]!.map((_, i) => ({ step: ((i + 1) * steps) / looks, values: curves.map((curve) => curve[i]!) }));
            return { name: decay, points: marks.map(({ step, values }) => [step, median(values)] as const), band: marks.map(({ step, values }) => [step, ...spread(values)] as const) };
          }),
        },
        {
          kind: "bars",
          title: "Where the excess is left (each from its best peak)",
          categories: thirds,
          y: { name: "mean square excess", min: 0 },
          series: decays.map((decay) => ({ name: decay, values: thirds.map((_, third) => thirdOf(decay, third)) })),
        },
      ],
      tables: [
        {
          title: "Excess at the end, median of the seeds",
          columns: ["decay", "Σ η / (η★ T)", ...peaks.map((peak) => `peak ${peak}`)],
          rows: decays.map((decay) => [decay, budget(decay), ...peaks.map((peak) => orNull(soundMedian(endsOf(decay, peak))))]),
        },
      ],
    };
  },
});

const thirds = ["least noise", "middle", "most noise"];

/** From `peak` to `peak / fall`: in two tenfold drops at a half and three quarters, geometrically, or along half a cosine. */
export function decayFrom(decay: Decay, peak: number, steps: number): schedule.Schedule {
  if (decay === "step") return schedule.multiStep({ from: peak, milestones: [Math.floor(steps / 2), Math.floor((3 * steps) / 4)], factor: fall ** -0.5 });
  if (decay === "exponential") return schedule.exponential({ from: peak, factor: fall ** (-1 / steps), steps });
  return schedule.cosine({ from: peak, to: peak / fall, steps });
}

interface Batch {
  x: { values: Tensor };
  noise: { values: Tensor };
}

function makeTrainee(device: Device): Trainee<Batch> {
  const model = new PlainNet(device, net, 0);
  return new Trainee(device, model, new Adam(model.parameters(), { lr: 0 }), ({ x, noise }) => mseLoss(model.forward(x.values), noise.values));
}

function makeBatches(seed: number, steps: number): NoisyBatch[] {
  const random = new Generator(seed);
  return Array.from({ length: steps }, () => noisyBatch(mixture, { count: batch, target: "drawn", random }));
}

/** By third of the noise levels. */
function makeHeldOut(): NoisyBatch[][] {
  const random = new Generator(1000);
  return thirds.map((_, third) => [noisyBatch(mixture, { count: 4 * batch, levels: [third / 3, (third + 1) / 3], target: "best", random })]);
}

const at = (rows: readonly Row[], decay: Decay, peak: number, seed: number): Result =>
  rows.find(({ cell }) => cell.decay === decay && cell.peak === peak && cell.seed === seed)!.result;
