// Group 14: what rate to train on with, once most weights were pruned in one shot.
import { Generator, mul, nn, schedule, linear, ones, type Device, type Tensor } from "kiln-gpu";
import { experiment, type Size } from "../../src/lab/index.js";
import { thinned, tuned } from "./support/decays.js";
import { medianCurve, medianLoss, percent } from "./support/outcomes.js";
import { grid, spread } from "./support/statistics.js";
import { freshWeights, Net, Student, type NetSizes, type Weights } from "./support/student.js";
import { batchOf, drawnBatches, examples, power, teacher } from "./support/teacher.js";

/** `start`: the first rate after the prune, over the rate at the prune. `ramp`: it is reached by a linear warmup instead of at once. `length` of retraining in steps. */
type Setting = { length: number; start: number; ramp: boolean; seed: number };
/** Test losses as shares of the answers' mean square: before the prune, right after it, after retraining. */
type Result = { rate: number; dense: number; pruned: number; validation: number; test: number; curve: number[] };

const sizes: NetSizes = { inputs: 12, width: 32, outputs: 4 };
const noise = 0.3;
/** Of all weights, the smallest; biases stay. */
const share = 0.8;
const rates = [0.1, 0.2, 0.4];
/** Training lets the rate fall this far until the prune, and retraining ten times further. */
const fall = 10;
const finalFall = 100;
/** Smooth decay goes on with 1; a jump back to where training began is 10. */
const starts = [1, 3, 10, 20, 40];
const runOf = (size: Size) => (size === "full" ? { train: 4000, lengths: [400, 4000], seeds: [1, 2, 3, 4, 5, 6, 7] } : { train: 400, lengths: [40, 400], seeds: [1, 2, 3] });

const criterion = (id: string, when: string) => ({
  ...{ id, statement: `${when}: test loss with smooth decay over the better of a jump to ${fall} times the rate and a warmup to it`, unit: "x" },
  ...{ confirmed: { atMost: 0.95 }, contradicted: { atLeast: 1.05 } },
});

export default experiment<Setting, Result>({
  name: "pruning",
  group: 14,
  title: "After a one-shot prune, decay smoothly or raise the rate again",
  claim:
    "A network that has lost most of its weights in one shot sits near a minimum that it can find again: a rate that goes on falling smoothly, η_t = η_p γ^t from the rate η_p at the prune, recovers better than a second jump " +
    "to the first rate, or a second warmup to it, which throws away what training had settled.",
  source:
    "The claim is the fine-tuning of Han et al. 2015 (arXiv 1506.02626, section 3: retrain at a tenth of the rate and below), made smooth. Against it: Renda, Frankle and Carbin 2020 (arXiv 2003.02389: rewinding the rate beats " +
    "fine-tuning at a low one) and Le and Hua 2021 (arXiv 2105.03193: the gain is that of a large rate); Zimmer, Spiegel and Pokutta 2021 (arXiv 2111.00843) choose the first rate by length and damage.",
  prediction:
    "Going on with the rate at the prune spends a seventh of the sum of rates that a jump spends, and what the prune broke takes distance to mend: smooth decay ends 1.1 to 2 times above the better of jump and warmup, in retraining as " +
    "long as training and in a tenth of it: contradicted. The best first rate is 3 or 10 times the rate at the prune; with a rate twice the training's first, the loss rises again. A ramp changes less than 10 %.",
  revision: 1,
  criteria: [criterion("short", "retraining for a tenth of the training"), criterion("long", "retraining for as long as the training")],
  cells: (size) => grid({ length: runOf(size).lengths, start: starts, ramp: [false, true], seed: runOf(size).seeds }).filter(({ start, ramp }) => start > 1 || !ramp),

  async measure({ length, start, ramp, seed }, { device, size, signal, shared }) {
    const { train } = runOf(size);
    const student = shared("student", () => new Student(device, new PrunedNet(device, sizes)));
    const { init, known, validation, test, unit } = shared(`tasks ${seed}`, () => makeTasks(seed));
    const trained = await shared(`trained ${seed}`, async () => {
      const { best } = await tuned(rates, async (rate) => {
        const falling = schedule.exponential({ from: rate, factor: fall ** (-1 / train) });
        const { weights } = await student.train({ from: withMasks(init), rates: falling, steps: train, batches: drawnBatches(known, { steps: train, size: 32, seed }), signal });
        return { rate, weights, validation: await student.score(validation), test: (await student.score(test)) / unit };
      });
      return { ...best, pruned: pruned(best.weights) };
    });
    const { rate } = trained;
    const damage = (await student.score(test, trained.pruned)) / unit;
    const batches = drawnBatches(known, { steps: length, size: 32, seed: seed + 1000 });
    const { losses, lost } = await student.train({ from: trained.pruned, rates: retraining(rate / fall, start, ramp, length), steps: length, batches, signal });
    const scores = lost ? { validation: NaN, test: NaN } : { validation: (await student.score(validation)) / unit, test: (await student.score(test)) / unit };
    return { rate, dense: trained.test, pruned: damage, ...scores, curve: thinned(losses) };
  },

  conclude(rows, size) {
    const { seeds, lengths } = runOf(size);
    const of = (length: number, start: number, ramp = false) => seeds.map((seed) => rows.find(({ cell }) => cell.length === length && cell.start === start && cell.ramp === ramp && cell.seed === seed)!.result);
    const tests = (length: number, start: number, ramp = false) => of(length, start, ramp).map(({ test }) => test);
    const against = (length: number) =>
      of(length, 1).map(({ test }, i) => {
        const [jump, warmup] = [of(length, fall)[i]!, of(length, fall, true)[i]!];
        return test / (warmup.validation < jump.validation || Number.isNaN(jump.validation) ? warmup : jump).test;
      });
    const values = { short: against(lengths[0]!), long: against(lengths[1]!) };
    const best = lengths.map((length) => starts.reduce((best, start) => (medianLoss(tests(length, start)) < medianLoss(tests(length, best)) ? start : best)));
    const ramps = lengths.map((length) => medianLoss(tests(length, fall, true).map((test, i) => test / tests(length, fall)[i]!)));
    const first = of(lengths[0]!, 1);
    return {
      values,
      summary:
        `Pruning ${share * 100} % of the weights raised the test loss from ${percentOf(first.map(({ dense }) => dense))} to ${percentOf(first.map(({ pruned }) => pruned))} of the answers' variance. ` +
        lengths
          .map((length, i) => `${length} steps brought it back to ${percentOf(tests(length, 1))} with smooth decay, ${percentOf(tests(length, fall))} after a jump and ${percentOf(tests(length, fall, true))} after a warmup (ramp over jump: ${ramps[i]!.toFixed(2)}); best was a start of ${best[i]} times the rate at the prune, ${percentOf(tests(length, best[i]!))}.`)
          .join(" "),
      advice:
        `After a one-shot prune of ${share * 100} % ${best.every((start) => start <= 1) ? "go on with" : "raise again"} the rate that training had come down to: the best start of retraining was ` +
        `${lengths.map((length, i) => `${best[i]} times that rate (${best[i]! / fall} of training's first) for ${length} steps`).join(" and ")}, falling from there. ` +
        `Going on smoothly ended at ${lengths.map((length, i) => `${medianLoss(tests(length, 1).map((test, seed) => test / tests(length, best[i]!)[seed]!)).toFixed(2)} times the loss of that after ${length} steps`).join(" and ")}.`,
      charts: [
        {
          kind: "lines",
          title: "Test loss after retraining, by its first rate",
          x: { name: "first rate over the rate at the prune", log: true },
          y: { name: "share of variance left", log: true },
          marks: [{ x: 1, label: "smooth" }, { x: fall, label: "jump" }],
          series: lengths.flatMap((length) =>
            [false, true].map((ramp) => {
              const at = starts.filter((start) => start > 1 || !ramp);
              return {
                name: `${length} steps${ramp ? ", with a ramp" : ""}`,
                points: at.map((start) => [start, medianLoss(tests(length, start, ramp))] as const),
                band: at.map((start) => [start, ...spread(tests(length, start, ramp))] as const),
                style: ramp ? ("dashed" as const) : ("solid" as const),
              };
            }),
          ),
        },
        {
          kind: "lines",
          title: `Training loss over ${lengths[1]} steps of retraining, median of the seeds`,
          x: { name: "share of the steps" },
          y: { name: "mean squared error, noise included", log: true },
          series: ([["smooth decay", 1, false], ["jump", fall, false], ["warmup", fall, true]] as const).map(([name, start, ramp]) => ({ name, points: medianCurve(of(lengths[1]!, start, ramp).map(({ curve }) => curve)) })),
        },
      ],
      tables: [
        {
          title: "Medians of the seeds",
          columns: ["steps", "first rate over that at the prune", "ramp", "test loss", "right after the prune", "before it"],
          rows: lengths.flatMap((length) =>
            starts.flatMap((start) =>
              [false, true]
                .filter((ramp) => start > 1 || !ramp)
                .map((ramp) => [length, start, ramp ? "yes" : "no", medianLoss(tests(length, start, ramp)), medianLoss(of(length, start, ramp).map(({ pruned }) => pruned)), medianLoss(of(length, start, ramp).map(({ dense }) => dense))]),
            ),
          ),
        },
      ],
    };
  },
});

/** A `Net` whose weights are multiplied by masks, which are part of its state. */
export class PrunedNet extends Net {
  private readonly masks: readonly Tensor[];

  constructor(device: Device, sizes: NetSizes) {
    super(device, sizes);
    this.masks = [...this.trunk, this.head].map((layer, i) => this.registerBuffer(`mask${i}`, ones(device, layer.weight.shape)));
  }

  override forward(x: Tensor): Tensor {
    const layer = (h: Tensor, { weight, bias }: nn.Linear, i: number) => linear(h, mul(weight, this.masks[i]!), bias, { activation: i < this.trunk.length ? "tanh" : null });
    return [...this.trunk, this.head].reduce(layer, x);
  }
}

const weightNames = ["trunk0.weight", "trunk1.weight", "head.weight"];

export function withMasks(weights: Weights): Weights {
  return { ...weights, ...Object.fromEntries(weightNames.map((name, i) => [`mask${i}`, { shape: weights[name]!.shape, data: new Float32Array(weights[name]!.data.length).fill(1) }])) };
}

/** Without the smallest weights of all layers together. Layers are compared by |w| sqrt(fan in), the size that a weight has in its sum, so that width alone spares or empties no layer. */
export function pruned(weights: Weights): Weights {
  const sizesOf = (name: string) => Array.from(weights[name]!.data, (weight) => Math.abs(weight) * Math.sqrt(weights[name]!.shape[1]!));
  const all = weightNames.flatMap(sizesOf).sort((a, b) => a - b);
  const least = all[Math.floor(share * all.length)]!;
  const masks = weightNames.map((name) => Float32Array.from(sizesOf(name), (size) => (size < least ? 0 : 1)));
  const parts = weightNames.flatMap((name, i) => {
    const { shape, data } = weights[name]!;
    return [[name, { shape, data: Float32Array.from(data, (weight, at) => weight * masks[i]![at]!) }], [`mask${i}`, { shape, data: masks[i]! }]] as const;
  });
  return { ...weights, ...Object.fromEntries(parts) };
}

/** From `start` times the rate at the prune to a hundredth of that rate, at once or after a ramp over a fifth of the steps. */
function retraining(rate: number, start: number, ramp: boolean, length: number): schedule.Schedule {
  const warmup = ramp ? Math.round(length / 5) : 0;
  const falling = schedule.exponential({ from: start * rate, factor: (finalFall * start) ** (-1 / (length - warmup)), steps: length - warmup });
  return ramp ? schedule.warmup({ steps: warmup, to: start * rate, convention: "llmc" }).then(falling) : falling;
}

function makeTasks(seed: number) {
  const random = new Generator(seed);
  const of = teacher({ inputs: sizes.inputs, hidden: 8, outputs: sizes.outputs }, random);
  const known = examples(of, { count: 2048, noise, random });
  const test = examples(of, { count: 512, random });
  return { init: freshWeights(sizes, random), known, validation: batchOf(examples(of, { count: 512, random })), test: batchOf(test), unit: power(test) };
}

const percentOf = (losses: readonly number[]): string => percent(medianLoss(losses));
