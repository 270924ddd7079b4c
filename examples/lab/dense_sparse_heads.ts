// Group 16: heads like those of detectors, thousands of predictions at once against a few hundred, with and without warmup.
import { bceWithLogits, fromArray, Generator, mul, schedule, SGD, type Device, type Tensor } from "kiln-gpu";
import { experiment, type Measured, type Size } from "../../src/lab/index.js";
import { highestRate } from "./support/highest_rate.js";
import { lossesOf } from "./support/losses.js";
import { PlainNet, type NetShape } from "./support/plain_net.js";
import { drawPoints, scattered, type Mixture } from "./support/points.js";
import { lastMean, median, spread } from "./support/statistics.js";
import { Trainee } from "./support/trainee.js";

type Setting = { head: string; warmup: boolean; seed: number };
/** The highest rate that trains, the loss before the first step, and the losses at that rate, thinned. */
type Result = { highest: number; first: number; curve: number[] };
type Row = Measured<Setting, Result>;

interface Head {
  predictions: number;
  objects: number;
  /** What a sum over all predictions is divided by. */
  per: "predictions" | "objects";
  /** Probability of an object that the bias starts from: 0.5 by default. */
  prior?: number;
}

/** Batches as the two kinds of detectors make them: all places of an image against proposals of which a quarter is sampled from objects. */
const heads: Readonly<Record<string, Head>> = {
  sparse: { predictions: 256, objects: 64, per: "predictions" },
  dense: { predictions: 2048, objects: 8, per: "objects" },
  "dense, prior": { predictions: 2048, objects: 8, per: "objects", prior: 0.01 },
  "dense, balanced": { predictions: 2048, objects: 512, per: "objects" },
};
const names = Object.keys(heads);
/** Small weights of the output, so that the bias alone decides what is answered at first, as in RetinaNet. */
const net: NetShape = { inputs: 8, width: 16, outputs: 1, depth: 2, outputGain: 0.1 };
const momentum = 0.9;
const enoughShare = 0.75;
/** Batches, seen again and again. */
const images = 32;
const search = { from: 2, factor: 2, count: 17 };
const runOf = (size: Size) => (size === "full" ? { steps: 500, warmup: 125, seeds: [1, 2, 3, 4, 5, 6, 7] } : { steps: 128, warmup: 32, seeds: [1, 2, 3] });

const ratio = (id: string, statement: string) => ({ id, statement, confirmed: { atLeast: 2 }, contradicted: { atMost: 0.5 }, unit: "x" });

export default experiment<Setting, Result>({
  name: "dense-sparse-heads",
  group: 16,
  title: "Dense heads need the warmup more than sparse ones",
  claim:
    "A one-stage detector judges thousands of places at once, nearly all of them background, and divides the sum of the losses by the few objects; a two-stage one judges a few hundred proposals of which a quarter are " +
    "objects. At the start, with all probabilities at 1/2, the background's gradients add up in the dense head, and its curvature, Σ p(1 - p) / objects, is far larger than later, when p is small. So the dense head should be " +
    "more sensitive to a missing warmup; starting the bias at a small prior probability takes this away.",
  source: "Lin et al. 2017, Focal Loss for Dense Object Detection (arXiv 1708.02002, section 3.3 on class imbalance and initialisation, section 4.1 on the prior π = 0.01); Ren et al. 2015 (arXiv 1506.01497) for proposals sampled 1 to 3.",
  prediction:
    "Dense: Σ p(1 - p) / objects is 64 at the start (2048/4 over 8) and of order 1 once the background is learned, so warmup should raise the highest rate that trains by 4 to 16 times. Sparse: 0.25 before, 0.19 or less after; warmup raises it by at " +
    "most 2 times. Dense with the prior: 2.5 at the start; at most 2 times. So dense over sparse at least 2 times, and dense without over with the prior at least 2 times. Dense but balanced (512 objects of 2048): 1 at the start, at most 2 times: it is " +
    "the background and the division, not the number.",
  revision: 1,
  criteria: [
    ratio("sensitivity", "what warmup raises the highest rate by: dense head over sparse head"),
    ratio("prior", "what warmup raises the highest rate by: dense head over the same with a prior of 0.01"),
  ],
  cells: (size) => runOf(size).seeds.flatMap((seed) => names.flatMap((head) => [false, true].map((warmup) => ({ head, warmup, seed })))),

  async measure({ head, warmup, seed }, { device, size, signal, shared }) {
    const { steps, warmup: rising } = runOf(size);
    const one = heads[head]!;
    const trainee = shared(head, () => makeTrainee(device, one));
    const batches = shared(`batches ${one.predictions} ${one.objects} ${seed}`, () => makeBatches(device, one, seed));
    let curve: number[] = [];
    let first = NaN;
    const run = async (rate: number): Promise<boolean> => {
      trainee.start(new PlainNet(device, shapeOf(one), seed), warmup ? schedule.warmup({ steps: rising, to: rate }) : rate);
      const losses: number[] = [];
      // Whoever does no better than the share of objects when half of the steps are taken is lost.
      for (const bound of [enough(one) / enoughShare, enough(one)]) {
        losses.push(...(await lossesOf(trainee.step, { steps: steps / 2, feed: (t) => batches[t % batches.length]!, signal, stopAbove: 100 * start(one) })));
        first = losses[0]!;
        if (!(lastMean(losses, 16) <= bound)) return false;
      }
      curve = losses.filter((_, t) => t % 4 === 0);
      return true;
    };
    const highest = await highestRate({ ...search, trains: run });
    return { highest, first, curve };
  },

  conclude(rows, size) {
    const { seeds, warmup, steps } = runOf(size);
    const highest = (head: string, warmup: boolean) => seeds.map((seed) => at(rows, head, warmup, seed).highest);
    const raised = (head: string) => highest(head, true).map((rate, i) => rate / highest(head, false)[i]!);
    const over = (a: string, b: string) => raised(a).map((value, i) => value / raised(b)[i]!);
    const values = { sensitivity: over("dense", "sparse"), prior: over("dense", "dense, prior") };
    const [dense, sparse, prior] = ["dense", "sparse", "dense, prior"].map((head) => median(raised(head))) as [number, number, number];
    const initialised = median(seeds.map((_, i) => highest("dense, prior", false)[i]! / highest("dense", false)[i]!));
    const ends = (head: string) => [false, true].map((warmup) => highest(head, warmup));
    return {
      values,
      summary:
        `A warmup over ${warmup} of ${steps} steps raised the highest rate that trains by ${names.map((head) => `${median(raised(head))} times (${head})`).join(", ")}. The rates without it were ` +
        `${names.map((head) => `${median(highest(head, false)).toPrecision(2)} (${head})`).join(", ")}; the prior alone raised the dense head's ${initialised} times. The losses before the first step: ${names.map((head) => median(seeds.map((seed) => at(rows, head, false, seed).first)).toPrecision(3)).join(", ")}.`,
      advice:
        dense >= 2 * sparse
          ? `With a dense head whose loss is divided by few objects, warm up: it bought a ${dense} times higher rate here, against ${sparse} times for the sparse head. With the bias started at log(π / (1 - π)), π = ${heads["dense, prior"]!.prior}, warmup bought ${prior} times, and the prior by itself ${initialised} times.`
          : initialised >= 2
            ? `Start a dense head's bias at log(π / (1 - π)), π = ${heads["dense, prior"]!.prior}, before you think of warmup: without any warmup the prior raised the highest rate ${initialised} times, where warmup alone raised it ${dense} times.`
            : `Here neither warmup (${dense} times) nor the prior (${initialised} times) let the dense head train at a much higher rate: choose both as for any other net.`,
      charts: [
        {
          kind: "bars",
          title: "Highest rate that trains",
          categories: names,
          y: { name: "rate", log: true },
          series: [false, true].map((warmup, i) => ({
            name: warmup ? "with warmup" : "without",
            values: names.map((head) => median(ends(head)[i]!)),
            low: names.map((head) => spread(ends(head)[i]!)[0]),
            high: names.map((head) => spread(ends(head)[i]!)[1]),
          })),
        },
        {
          kind: "lines",
          title: `Losses at the highest rate without warmup (seed ${seeds[0]})`,
          x: { name: "step" },
          y: { name: "loss", log: true },
          series: names.map((head) => ({ name: head, points: at(rows, head, false, seeds[0]!).curve.map((loss, i) => [4 * i, loss] as const) })),
        },
      ],
      tables: [{ title: "Highest rate that trains", columns: ["head", "warmup", ...seeds.map((seed) => `seed ${seed}`)], rows: names.flatMap((head) => [false, true].map((warmup) => [head, warmup ? "yes" : "no", ...highest(head, warmup)])) }],
    };
  },
});

const at = (rows: readonly Row[], head: string, warmup: boolean, seed: number): Result =>
  rows.find(({ cell }) => cell.head === head && cell.warmup === warmup && cell.seed === seed)!.result;

const divisor = ({ predictions, objects, per }: Head): number => (per === "objects" ? objects : predictions);
const shapeOf = ({ prior = 0.5 }: Head): NetShape => ({ ...net, outputBias: Math.log(prior / (1 - prior)) });
/** The loss of who answers 1/2 everywhere. */
const start = (head: Head): number => (head.predictions * Math.LN2) / divisor(head);

/** Three quarters of the loss of who answers with the share of objects everywhere. Half of it, asked for at first, was not reached in so few steps by runs that were stable: that measured speed. */
export function enough(head: Head): number {
  const share = head.objects / head.predictions;
  const entropy = -share * Math.log(share) - (1 - share) * Math.log(1 - share);
  return (enoughShare * head.predictions * entropy) / divisor(head);
}

interface Batch {
  x: Tensor;
  isObject: Tensor;
}

function makeTrainee(device: Device, head: Head): Trainee<Batch> {
  const model = new PlainNet(device, shapeOf(head), 0);
  const optimizer = new SGD(model.parameters(), { lr: 0, momentum });
  return new Trainee(device, model, optimizer, ({ x, isObject }) => mul(bceWithLogits(model.forward(x), isObject, { reduction: "sum" }), 1 / divisor(head)));
}

/** Objects lie about one of four centres, the same for all heads; background all about the origin. */
function makeBatches(device: Device, { predictions, objects }: Head, seed: number): Batch[] {
  const random = new Generator(1000 + seed);
  const things: Mixture = scattered(4, net.inputs, { distance: 4, spread: 0.4, random });
  const background: Mixture = { dims: net.inputs, centres: new Float32Array(net.inputs), spread: 1 };
  const isObject = fromArray(device, Array.from({ length: predictions }, (_, i) => (i < objects ? 1 : 0)), { shape: [predictions, 1] });
  return Array.from({ length: images }, () => {
    const values = new Float32Array(predictions * net.inputs);
    values.set(drawPoints(things, objects, random).x);
    values.set(drawPoints(background, predictions - objects, random).x, objects * net.inputs);
    return { x: fromArray(device, values, { shape: [predictions, net.inputs] }), isObject };
  });
}
