// Group 1: a warmup saves a peak rate that the start would not bear, where the net is sharp early and flatter later.
import { fromArray, Generator, keep, mseLoss, schedule, SGD, tune, type Device, type Tensor } from "kiln-gpu";
import { experiment, type Measured, type Size } from "../../src/lab/index.js";
import { highestRate } from "./support/highest_rate.js";
import { lossesOf } from "./support/losses.js";
import { PlainNet, type NetShape } from "./support/plain_net.js";
import { grid, lastMean, median, spread } from "./support/statistics.js";
import { Trainee } from "./support/trainee.js";

/** Hidden weights three times their usual size: sharp, and training makes it flatter. And a start that is flat already. */
const gains = { sharp: 3 * Math.SQRT2, usual: Math.SQRT2 };
type StartName = keyof typeof gains;
const starts = Object.keys(gains) as StartName[];
const net: NetShape = { inputs: 8, width: 32, outputs: 1, depth: 2, activation: "tanh" };
const points = 128;
const runOf = (size: Size) => (size === "full" ? { steps: 1024, warmup: 512, seeds: [1, 2, 3, 4, 5] } : { steps: 192, warmup: 96, seeds: [1, 2, 3] });
const search = { from: 4, factor: Math.SQRT2, count: 24 };
/** A run trains where its loss ends at this share of the targets' variance. */
const enough = 0.3;

interface Cell extends Record<string, string | number | boolean> {
  start: StartName;
  warmed: boolean;
  seed: number;
}

interface Result extends Record<string, number> {
  highest: number;
  /** Before the first step; and after the run at the highest rate. */
  sharpness: number;
  after: number;
}

type Row = Measured<Cell, Result>;
type Batch = { x: Tensor; y: Tensor };

/** Points and a smooth function of them, of variance about 1/2. */
function batchOf(device: Device, seed: number): Batch {
  const generator = new Generator(seed + 2000);
  const x = generator.normal(points * net.inputs);
  const direction = generator.normal(net.inputs).map((value) => value / Math.sqrt(net.inputs));
  const y = Float32Array.from({ length: points }, (_, row) => Math.sin(2 * direction.reduce((total, value, i) => total + value * x[row * net.inputs + i]!, 0)));
  return { x: keep(fromArray(device, x, { shape: [points, net.inputs] })), y: keep(fromArray(device, y, { shape: [points, 1] })) };
}

function makeTrainee(device: Device): Trainee<Batch> {
  const model = new PlainNet(device, net, 0);
  return new Trainee<Batch>(device, model, new SGD(model.parameters(), { lr: 0 }), ({ x, y }) => mseLoss(model.forward(x), y));
}

async function measure({ start, warmed, seed }: Cell, device: Device, size: Size, trainee: Trainee<Batch>, batch: Batch, signal: AbortSignal): Promise<Result> {
  const { steps, warmup } = runOf(size);
  const begin = (rate: number) => trainee.start(new PlainNet(device, { ...net, gain: gains[start] }, seed), warmed ? schedule.warmup({ steps: warmup, to: rate }).then(schedule.constant(rate)) : rate);
  const sharpnessNow = async () => (await tune.sharpness({ optimizer: trainee.optimizer, model: trainee.model, loss: () => trainee.lossOf(batch) }, { iterations: 30, tolerance: 0.05, signal })).lambdaMax;
  begin(1);
  const sharpness = await sharpnessNow();
  let after = NaN;
  const trains = async (rate: number): Promise<boolean> => {
    begin(rate);
    const losses = await lossesOf(trainee.step, { steps, signal, feed: () => batch, stopAbove: 1e4 });
    if (losses.length < steps || !(lastMean(losses, 16) <= enough / 2)) return false;
    after = await sharpnessNow();
    return true;
  };
  return { highest: await highestRate({ ...search, trains }), sharpness, after };
}

export default experiment<Cell, Result>({
  name: "early-sharpness",
  group: 1,
  title: "A warmup saves a rate that only the start cannot bear",
  claim:
    "On a quadratic a warmup cannot save a rate above 2/λ. A net is no quadratic: where it starts sharper than it will be, small steps carry it to flatter places, and a peak above 2 over the first sharpness trains after a warmup, though it bursts without one. Where the start is flat already, a warmup buys little.",
  source: "Gilmer et al. 2021, arXiv 2110.04369, section 4; Kalra and Barkeshli 2024, arXiv 2406.09405, section 4, on sharpness reduction",
  prediction: "From a start whose hidden weights are three times too large a warmup over half of the steps raises the highest rate that trains at least twofold, from the usual start by less; and the sharp start's sharpness falls to half or less.",
  revision: 1,
  criteria: [
    { id: "raised", statement: "sharp start: highest rate that trains, with warmup over without", confirmed: { atLeast: 2 }, contradicted: { atMost: 0.71 }, unit: "x" },
    { id: "more", statement: "what the warmup raises the rate by: sharp start over usual start", confirmed: { atLeast: 1.4 }, contradicted: { atMost: 0.71 }, unit: "x" },
    { id: "falls", statement: "sharp start, with warmup: sharpness after over before", confirmed: { atMost: 0.5 }, contradicted: { atLeast: 1 }, unit: "x" },
  ],
  cells: (size) => grid({ start: starts, warmed: [false, true], seed: runOf(size).seeds }),
  measure: (cell, { device, size, signal, shared }) => measure(cell, device, size, shared("trainee", () => makeTrainee(device)), shared(`batch ${cell.seed}`, () => batchOf(device, cell.seed)), signal),
  conclude: (measured, size) => {
    const { seeds, warmup, steps } = runOf(size);
    const results = (start: StartName, warmed: boolean): Result[] => seeds.map((seed) => find(measured, start, warmed, seed));
    const highest = (start: StartName, warmed: boolean) => results(start, warmed).map((one) => one.highest);
    const raised = (start: StartName) => highest(start, true).map((rate, i) => rate / highest(start, false)[i]!);
    const values = {
      raised: raised("sharp"),
      more: raised("sharp").map((value, i) => value / raised("usual")[i]!),
      falls: results("sharp", true).map(({ sharpness, after }) => after / sharpness),
    };
    const edge = median(results("sharp", false).map(({ sharpness }) => 2 / sharpness));
    return {
      values,
      summary: `From the sharp start (2/λ = ${edge.toPrecision(2)}) the highest rate that trained was ${median(highest("sharp", false)).toPrecision(2)} without a warmup and ${median(highest("sharp", true)).toPrecision(2)} with one over ${warmup} of ${steps} steps: ${median(values.raised).toPrecision(2)} times. From the usual start a warmup raised it ${median(raised("usual")).toPrecision(2)} times. The sharpness went to ${median(values.falls).toPrecision(2)} of what it was.`,
      advice:
        median(values.raised) > 1
          ? `Measure the sharpness at the start: where the peak you want is above 2/λ (${edge.toPrecision(2)} here), warm up; it raised the highest rate ${median(values.raised).toPrecision(2)} times from a sharp start, ${median(raised("usual")).toPrecision(2)} times from a flat one.`
          : `A warmup did not raise the highest rate here, not even from a sharp start (${median(values.raised).toPrecision(2)} times): lower the initial weights or the peak.`,
      charts: [
        {
          ...{ kind: "bars", title: "Highest rate that trains", categories: starts.map((start) => `${start} start`), y: { name: "rate", log: true } },
          series: [false, true].map((warmed) => ({
            name: warmed ? "with warmup" : "without",
            values: starts.map((start) => median(highest(start, warmed))),
            low: starts.map((start) => spread(highest(start, warmed))[0]),
            high: starts.map((start) => spread(highest(start, warmed))[1]),
          })),
        },
      ],
      tables: [{ title: "Rates and sharpness", columns: ["start", "warmup", "seed", "highest rate", "2/λ before", "λ before", "λ after"], rows: measured.map(({ cell, result }) => [cell.start, cell.warmed ? "yes" : "no", cell.seed, result.highest, 2 / result.sharpness, result.sharpness, result.after]) }],
    };
  },
});

function find(rows: readonly Row[], start: StartName, warmed: boolean, seed: number): Result {
  return rows.find(({ cell }) => cell.start === start && cell.warmed === warmed && cell.seed === seed)!.result;
}
