// Group 15: screening architectures by a sweep of the rate instead of training them.
import { crossEntropy, fromArray, Generator, schedule, SGD, tune, type Device, type Tensor } from "kiln-gpu";
import { experiment, type Measured, type Size } from "../../src/lab/index.js";
import { orNull } from "./support/choice.js";
import { highestRate } from "./support/highest_rate.js";
import { lossesOf } from "./support/losses.js";
import { PlainNet, type NetShape } from "./support/plain_net.js";
import { classesOf, drawPoints, scattered } from "./support/points.js";
import { rankCorrelation, separation } from "./support/ranks.js";
import { lastMean, median, spread } from "./support/statistics.js";
import { Trainee } from "./support/trainee.js";

type Setting = { candidate: string; seed: number };
/**
 * Rates: where the sweep's loss burst, where it stayed above twice its least, and the highest that trains, constant and after a warmup; the
 * loss that half of the highest constant one ends with, and the steps that sweep and constant rates took.
 */
type Result = { burst: number; doubles: number; highest: number; warmed: number; loss: number; sweepSteps: number; trainingSteps: number };
type Row = Measured<Setting, Result>;

const classes = 4;
const base: NetShape = { inputs: 8, width: 32, outputs: classes, depth: 2 };
/** From tame to wild; some differ in stability alone, some in what they can learn too. */
const candidates: Readonly<Record<string, NetShape>> = {
  "2 layers": base,
  "2 layers, width 8": { ...base, width: 8 },
  "2 layers, tanh": { ...base, activation: "tanh", gain: 1 },
  "2 layers, weights x 3": { ...base, gain: 3 * Math.SQRT2 },
  "4 layers": { ...base, depth: 4 },
  "4 layers, weights x 2": { ...base, depth: 4, gain: 2 * Math.SQRT2 },
  "8 layers": { ...base, depth: 8 },
  "8 layers, skips": { ...base, depth: 8, skips: true },
  "8 layers, skips, norms": { ...base, depth: 8, skips: true, norm: true },
};
const names = Object.keys(candidates);
const search = { from: 16, factor: 2, count: 17 };
const batch = 64;
/** The highest rate of the sweep. */
const last = 100;
/** Half of chance's loss: a net that trains gets well below it. */
const trained = Math.log(classes) / 2;
const runOf = (size: Size) => (size === "full" ? { steps: 400, sweep: 200, seeds: [1, 2, 3, 4, 5, 6, 7] } : { steps: 96, sweep: 80, seeds: [1, 2, 3] });

export default experiment<Setting, Result>({
  name: "architecture-screening",
  group: 15,
  title: "Screening architectures by where a sweep of the rate bursts",
  claim:
    "A search over architectures meets many that are unstable. One sweep of the rate, η rising exponentially over some tens of steps until the loss bursts, should find them without training: the rate at which a " +
    "candidate bursts ranks the candidates as the highest rate with which they really train does.",
  source:
    "The sweep: Smith 2015 (arXiv 1506.01186, section 3.3). Screening untrained architectures by a cheap score: Mellor et al. 2021 (arXiv 2006.04647). That the sweep's burst is such a score is this catalogue's claim.",
  prediction:
    "Both are set by the same curvature, 2/λ, and the candidates' λ span three orders of magnitude: rank correlation at least 0.8 in each seed, and at a rate that about half of the candidates stand, at least 90 % of the " +
    "pairs of a stable and an unstable one are told apart. The sweep bursts at up to 4 times the highest constant rate, because it spends only a few steps at each. About what stable candidates learn it says little: " +
    "rank correlation with the loss below 0.5 in size.",
  revision: 1,
  criteria: [
    { id: "rank", statement: "rank correlation over the candidates, rate at which the sweep bursts and highest rate that trains", confirmed: { atLeast: 0.8 }, contradicted: { atMost: 0.3 } },
    { id: "screen", statement: "pairs of a candidate that trains at the screening rate and one that does not, told apart by the sweep", confirmed: { atLeast: 90 }, contradicted: { atMost: 50 }, unit: "%" },
  ],
  cells: (size) => runOf(size).seeds.flatMap((seed) => names.map((candidate) => ({ candidate, seed }))),

  async measure({ candidate, seed }, { device, size, signal, shared }) {
    const { steps, sweep } = runOf(size);
    const trainee = shared(candidate, () => makeTrainee(device, candidates[candidate]!));
    const batches = shared(`batches ${seed}`, () => makeBatches(device, seed, Math.max(steps, sweep + 1)));
    const start = (rate: number | schedule.Schedule) => trainee.start(new PlainNet(device, candidates[candidate]!, seed), rate);
    start(1);
    const { model, optimizer } = trainee;
    const sweepOptions = { from: 1e-4, to: last, steps: sweep, stopAt: 1000, signal };
    const swept = await tune.rangeTest({ model, optimizer, loss: (i) => trainee.lossOf(batches[i]!) }, sweepOptions);
    let trainingSteps = 0;
    const train = async (rate: number | schedule.Schedule) => {
      start(rate);
      const losses = await lossesOf(trainee.step, { steps, feed: (t) => batches[t]!, signal, stopAbove: 1000 });
      trainingSteps += losses.length;
      return losses.length < steps ? NaN : lastMean(losses, 16);
    };
    const highest = await highestRate({ ...search, trains: async (rate) => (await train(rate)) <= trained });
    const spent = trainingSteps;
    const warmed = await highestRate({ ...search, trains: async (rate) => (await train(schedule.warmup({ steps: steps / 4, to: rate }))) <= trained });
    return { burst: burstOf(swept), doubles: swept.doubles ?? swept.diverges ?? last, highest, warmed, loss: await train(highest / 2), sweepSteps: swept.points.length, trainingSteps: spent };
  },

  conclude(rows, size) {
    const { seeds } = runOf(size);
    const of = (seed: number) => rows.filter(({ cell }) => cell.seed === seed).map(({ result }) => result);
    const screening = median(rows.map(({ result }) => result.highest));
    const correlations = (a: "burst" | "doubles", b: "highest" | "warmed") => seeds.map((seed) => rankCorrelation(of(seed).map((result) => result[a]), of(seed).map((result) => result[b])));
    const list = (correlations: readonly number[]) => correlations.map((one) => one.toFixed(2)).join(", ");
    const values = {
      rank: correlations("burst", "highest"),
      screen: seeds.map((seed) => 100 * separation(of(seed).map(({ burst }) => burst), of(seed).map(({ highest }) => highest >= screening))),
    };
    const quality = seeds.map((seed) => {
      const sound = of(seed).filter(({ loss }) => Number.isFinite(loss));
      return rankCorrelation(sound.map(({ burst }) => burst), sound.map(({ loss }) => -loss));
    });
    const over = rows.map(({ result }) => result.burst / result.highest);
    const cost = { sweep: sum(rows, "sweepSteps"), training: sum(rows, "trainingSteps") };
    const all = (candidate: string, value: (result: Result) => number) => rows.filter(({ cell }) => cell.candidate === candidate).map(({ result }) => value(result));
    return {
      values,
      summary:
        `Over ${names.length} candidates the sweep's bursting rate and the highest constant rate that trains had rank correlations of ${list(values.rank)} (one a seed); with the highest rate after a warmup, which the sweep itself is, ${list(correlations("burst", "warmed"))}. ` +
        `Where the sweep stays above twice its least ranks them with ${list(correlations("doubles", "highest"))}. At rate ${text(screening)} the sweep told apart ` +
        `${values.screen.map((one) => `${one.toFixed(0)} %`).join(", ")} of the pairs of one that trains and one that does not. It bursts at ${text(median(over))} times the highest rate (${text(spread(over)[0])} to ${text(spread(over)[1])}). ` +
        `Its rank correlation with how well they train (at half of the highest rate) was ${list(quality)}. All sweeps took ${cost.sweep} steps, the training runs ${cost.training}.`,
      advice:
        median(values.screen) >= 90
          ? `Before a search trains its candidates, sweep each: drop those that burst below about ${text(median(over))} times the rate that you mean to train with. It costs ${(cost.training / cost.sweep).toFixed(1)} times fewer steps than finding their highest rates did here; do not use it to choose among those that are left.`
          : `Do not screen by the sweep alone: here it told apart only ${median(values.screen).toFixed(0)} % of the pairs of a stable and an unstable candidate. Train the doubtful ones for some steps at the rate that you mean to use.`,
      charts: [
        {
          kind: "lines",
          title: "Where the sweep bursts, and the highest rate that trains (every candidate and seed)",
          x: { name: "sweep's bursting rate", log: true },
          y: { name: "highest rate that trains", log: true },
          series: names.map((candidate) => ({ name: candidate, style: "points" as const, points: rows.filter(({ cell }) => cell.candidate === candidate).map(({ result }) => [result.burst, result.highest] as const) })),
        },
      ],
      tables: [
        {
          title: "Medians of the seeds",
          columns: ["candidate", "sweep bursts at", "highest rate that trains", "with warmup", "loss at half of the highest (nats)"],
          rows: names.map((name) => [name, median(all(name, ({ burst }) => burst)), median(all(name, ({ highest }) => highest)), median(all(name, ({ warmed }) => warmed)), orNull(median(all(name, ({ loss }) => loss)))]),
        },
      ],
    };
  },
});

const text = (value: number): string => Number(value.toPrecision(2)).toString();
const sum = (rows: readonly Row[], name: "sweepSteps" | "trainingSteps"): number => rows.reduce((total, { result }) => total + result[name], 0);

/**
 * From here on every loss is above the middle between the first and the least: half of what the sweep had gained is lost for good. The
 * tool's own readings did not fit: twice the least (`doubles`) is no burst where the least is near 0, and a net that dies stays at chance,
 * below four times the least (`diverges`).
 */
export function burstOf({ points, startLoss }: Pick<tune.RangeTest, "points" | "startLoss">): number {
  const middle = (startLoss + Math.min(startLoss, ...points.map(({ loss }) => loss).filter(Number.isFinite))) / 2;
  const sound = points.findLastIndex(({ loss }) => loss <= middle);
  return points[sound + 1]?.lr ?? last;
}

interface Batch {
  x: Tensor;
  labels: Tensor;
}

function makeTrainee(device: Device, shape: NetShape): Trainee<Batch> {
  const model = new PlainNet(device, shape, 0);
  return new Trainee(device, model, new SGD(model.parameters(), { lr: 1 }), ({ x, labels }) => crossEntropy(model.forward(x), labels));
}

/** Points about 16 centres, four to a class. */
function makeBatches(device: Device, seed: number, count: number): Batch[] {
  const random = new Generator(1000 + seed);
  const mixture = scattered(16, base.inputs, { distance: 2, spread: 0.4, random });
  return Array.from({ length: count }, () => {
    const points = drawPoints(mixture, batch, random);
    return { x: fromArray(device, points.x, { shape: [batch, points.dims] }), labels: fromArray(device, classesOf(points, classes), { dtype: "u32" }) };
  });
}
