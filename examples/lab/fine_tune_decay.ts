// Group 13: which decay to pre-train with, and which to fine-tune with.
import { Generator } from "kiln-gpu";
import { experiment, type Measured, type Size } from "../../src/lab/index.js";
import { decay, decays, span, thinned, tuned, type Decay } from "./support/decays.js";
import { bars, medianCurve, medianLoss, percent } from "./support/outcomes.js";
import { grid, median } from "./support/statistics.js";
import { freshWeights, Net, partOf, Student, type NetSizes, type Weights } from "./support/student.js";
import { batchOf, drawnBatches, examples, power, relative, teacher, type BatchValues } from "./support/teacher.js";

type Setting = { pretrain: Decay; finetune: Decay; seed: number };
/** The best of the rates tried. Losses are shares of the answers' mean square: 1 is what saying 0 costs, 0 is the teacher itself. */
type Result = { pretrainRate: number; pretrained: number; rate: number; validation: number; test: number; curve: number[] };
type Row = Measured<Setting, Result>;

const sizes: NetSizes = { inputs: 12, width: 32, outputs: 4 };
/** Wide enough that the best of each decay lies inside, and as fine as the two differ: the stairs' best rate is about a square root of two below. */
const rates = { pretrain: [0.14, 0.2, 0.28, 0.4, 0.57], finetune: [0.035, 0.05, 0.07, 0.1, 0.14] };
const noise = 0.5;
const runOf = (size: Size) => (size === "full" ? { pretrain: 4000, finetune: 1000, seeds: [1, 2, 3, 4, 5, 6, 7] } : { pretrain: 400, finetune: 160, seeds: [1, 2, 3, 4, 5] });

const ratio = (id: string, statement: string) => ({ id, statement, confirmed: { atMost: 0.95 }, contradicted: { atLeast: 1.05 }, unit: "x" });

export default experiment<Setting, Result>({
  name: "fine-tune-decay",
  group: 13,
  title: "Pre-train on exponential decay, fine-tune on step decay",
  claim:
    "A long pre-training is served best by a smooth, exponential decay η_t = η₀ γ^t, and the short fine-tuning after it by a step decay, which holds a rate long " +
    "enough to move and then drops it to settle. Each decay is given the best of several η₀, falls by the same factor, and is set against the other three combinations.",
  source:
    "Li, Zhuang and Orabona 2020 (arXiv 2002.05273: exponential steps adapt to the noise without knowing it); Ge et al. 2019 (arXiv 1904.12838: step decay is within logarithms of the " +
    "best final iterate on least squares); Kolesnikov et al. 2019 (arXiv 1912.11370, fine-tuning with tenfold drops). None of them claims the pair: that is this catalogue's.",
  prediction:
    "Both decays are geometric, so both theories say the same up to logarithms: with η₀ tuned for each, pre-training losses within 5 % of each other, fine-tuning losses too, and so no more " +
    "than 5 % for the pair over the best other combination: not confirmed at this scale. What differs is the best η₀: Σ η is 1.4 times larger for the stairs at equal η₀, so theirs is the lower one where the grid can tell.",
  revision: 1,
  criteria: [
    ratio("pretrain", "test loss after pre-training, exponential over step decay"),
    ratio("finetune", "test loss after fine-tuning from the exponential pre-training, step over exponential decay"),
    ratio("pair", "test loss of exponential, then step, over the combination of the other three that validation prefers"),
  ],
  cells: (size) => grid({ pretrain: decays, finetune: decays, seed: runOf(size).seeds }),

  async measure({ pretrain, finetune, seed }, { device, size, signal, shared }) {
    const steps = runOf(size);
    const student = shared("student", () => new Student(device, new Net(device, sizes)));
    const tasks = shared(`tasks ${seed}`, () => makeTasks(seed));
    const run = async (phase: keyof typeof rates, kind: Decay, { learn, validation, test, unit }: Task, from: Weights) =>
      tuned(rates[phase], async (rate) => {
        const length = steps[phase];
        const { weights, lost, losses } = await student.train({ from, rates: decay(kind, rate, length), steps: length, batches: learn(length), signal });
        if (lost) return { rate, validation: NaN, test: NaN, weights, curve: thinned(losses) };
        return { rate, validation: (await student.score(validation)) / unit, test: (await student.score(test)) / unit, weights, curve: thinned(losses) };
      });
    const { best: before } = await shared(`pretrained ${pretrain} ${seed}`, () => run("pretrain", pretrain, tasks.source, tasks.init));
    const { best } = await run("finetune", finetune, tasks.target, { ...before.weights, ...partOf(tasks.init, "head") });
    return { pretrainRate: before.rate, pretrained: before.test, rate: best.rate, validation: best.validation, test: best.test, curve: best.curve };
  },

  conclude(rows, size) {
    const { seeds } = runOf(size);
    const of = (pretrain: Decay, finetune: Decay) => seeds.map((seed) => at(rows, pretrain, finetune, seed));
    const pretrained = Object.fromEntries(decays.map((kind) => [kind, of(kind, "step").map(({ pretrained }) => pretrained)])) as Record<Decay, number[]>;
    const claimed = of("exponential", "step");
    const others = seeds.map((_, i) => combinations.filter((one) => one !== combinations[0]).map(([a, b]) => of(a, b)[i]!).reduce((best, one) => (one.validation < best.validation ? one : best)));
    const values = {
      pretrain: seeds.map((_, i) => pretrained.exponential[i]! / pretrained.step[i]!),
      finetune: claimed.map(({ test }, i) => test / of("exponential", "exponential")[i]!.test),
      pair: claimed.map(({ test }, i) => test / others[i]!.test),
    };
    const tests = combinations.map(([a, b]) => of(a, b).map(({ test }) => test));
    const medians = tests.map(medianLoss);
    const lowest = medians.indexOf(Math.min(...medians));
    const gain = (1 - Math.min(...medians) / Math.max(...medians)) * 100;
    return {
      values,
      summary:
        `Pre-training ended at ${percent(medianLoss(pretrained.exponential))} of the answers' variance with exponential decay and at ${percent(medianLoss(pretrained.step))} with steps; fine-tuning at ` +
        `${combinations.map(([a, b], i) => `${percent(medians[i]!)} (${a}, then ${b})`).join(", ")}. The pair of the claim had ${median(values.pair).toFixed(2)} times the loss of the best other combination. ` +
        `The best first rates: ${decays.map((kind) => `${median(of(kind, kind).map(({ pretrainRate }) => pretrainRate))} to pre-train and ${median(of("exponential", kind).map(({ rate }) => rate))} to fine-tune with ${kind} decay`).join("; ")}.`,
      advice:
        !medians.every(Number.isFinite)
          ? "Some combinations were lost at every rate tried: lower the rates before you compare decays."
          : gain < 5
            ? `Take either decay in either phase: the medians of all four combinations lie within ${gain.toFixed(0)} %. Spend the trials on the first rate, and let it fall ${span} times.`
            : `Here ${combinations[lowest]!.join(", then ")} did best, ${gain.toFixed(0)} % below the worst combination. Tune the first rate for each decay by itself before you compare them.`,
      charts: [
        {
          kind: "bars",
          title: "Test loss after fine-tuning (share of variance left)",
          categories: combinations.map(([a, b]) => `${a}, then ${b}`),
          y: { name: "test loss", min: 0 },
          series: [bars("median of the seeds", tests)],
        },
        {
          kind: "lines",
          title: "Fine-tuning after exponential pre-training",
          x: { name: "share of the steps" },
          y: { name: "training loss", log: true },
          series: decays.map((kind) => ({ name: `${kind} decay`, points: medianCurve(of("exponential", kind).map(({ curve }) => curve)) })),
        },
      ],
      tables: [
        {
          title: "Every combination and seed, at the best of its rates",
          columns: ["pre-training", "its rate", "its test loss", "fine-tuning", "rate", "test loss", "seed"],
          rows: rows.map(({ cell, result }) => [cell.pretrain, result.pretrainRate, result.pretrained, cell.finetune, result.rate, result.test, cell.seed]),
        },
      ],
    };
  },
});

/** The claim's first. */
const combinations: readonly (readonly [Decay, Decay])[] = [["exponential", "step"], ["exponential", "exponential"], ["step", "step"], ["step", "exponential"]];

interface Task {
  learn: (steps: number) => (t: number) => BatchValues;
  validation: BatchValues;
  test: BatchValues;
  unit: number;
}

/** Much data for the source; little for the target, whose features are the source's turned by 30 degrees. Labels to learn from are noisy, those to judge by are not. */
function makeTasks(seed: number): { init: Weights; source: Task; target: Task } {
  const random = new Generator(seed);
  const source = teacher({ inputs: sizes.inputs, hidden: 16, outputs: sizes.outputs }, random);
  const target = relative(source, Math.PI / 6, random);
  const task = (of: typeof source, count: number, batch: number): Task => {
    const known = examples(of, { count, noise, random });
    const [validation, test] = [examples(of, { count: 512, random }), examples(of, { count: 512, random })];
    return { learn: (steps) => drawnBatches(known, { steps, size: batch, seed }), validation: batchOf(validation), test: batchOf(test), unit: power(test) };
  };
  return { init: freshWeights(sizes, random), source: task(source, 4096, 32), target: task(target, 256, 16) };
}

function at(rows: readonly Row[], pretrain: Decay, finetune: Decay, seed: number): Result {
  return rows.find(({ cell }) => cell.pretrain === pretrain && cell.finetune === finetune && cell.seed === seed)!.result;
}
