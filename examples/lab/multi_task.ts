// Group 14: one schedule for a network of several tasks, or one for its trunk and another for its heads.
import { Generator, schedule } from "kiln-gpu";
import { experiment, type Measured, type Size } from "../../src/lab/index.js";
import { decay, decays, thinned, tuned, type Decay } from "./support/decays.js";
import { bars, medianCurve, medianLoss, percent } from "./support/outcomes.js";
import { mean, median, spread } from "./support/statistics.js";
import { freshWeights, Net, Student, type NetSizes } from "./support/student.js";
import { batchOf, drawnBatches, examples, teacher, type Examples } from "./support/teacher.js";

/** "faster": exponential, from a first rate so much higher that the rates add up to the stairs'. Tells the shape from the movement that it allows. */
type HeadDecay = Decay | "faster";
type Setting = { trunk: Decay; heads: HeadDecay; seed: number };
/** The best of the rates tried: losses are shares of the answers' mean square, over all tasks and of each. */
type Result = { rate: number; validation: number; test: number; tasks: number[]; curve: number[] };
type Row = Measured<Setting, Result>;

/** Three tasks on the same features. Their heads are blocks of rows of one matrix: the arithmetic of three, in a third of the launches. */
const tasks = 3;
const outputsEach = 4;
const sizes: NetSizes = { inputs: 12, width: 32, outputs: tasks * outputsEach };
/** Of each task's labels, whose answers have a standard deviation of 1. */
const noises = [0.1, 0.3, 1];
/** Wide enough that the best of each setting lies inside, and as fine as the decays' best rates differ. */
const rates = [0.28, 0.4, 0.57, 0.8, 1.13];
/** The claim's, the swapped one and the two single schedules; and what sets the shape apart from the sum of the rates. */
const assignments: readonly { trunk: Decay; heads: HeadDecay }[] = [...decays.flatMap((trunk) => decays.map((heads) => ({ trunk, heads }))), { trunk: "exponential", heads: "faster" }];
const runOf = (size: Size) => (size === "full" ? { steps: 4000, seeds: [1, 2, 3, 4, 5, 6, 7] } : { steps: 320, seeds: [1, 2, 3, 4, 5] });

export default experiment<Setting, Result>({
  name: "multi-task",
  group: 14,
  title: "Trunk on exponential decay, heads on step decay",
  claim:
    "A trunk that several tasks share should move smoothly, because every head reads it: exponential decay. Heads are small, and each can hold a rate and then settle: step decay. " +
    "So parameter groups with schedules of their own beat one schedule for all, at the same first rate, the same last rate and equal tuning.",
  source:
    "The pairing is this catalogue's; no paper was found that measures it. Nearest: Howard and Ruder 2018 (arXiv 1801.06146, section 3.2: rates of their own for groups of layers), " +
    "Ge et al. 2019 (arXiv 1904.12838) and Li, Zhuang and Orabona 2020 (arXiv 2002.05273) for the two decays.",
  prediction:
    "The heads' problem is linear in their weights and follows the trunk within a few steps at either decay, so the heads' schedule decides only how much label noise is left at the end, and both decays end at the same rate. " +
    "All four assignments within 5 % of each other in test loss when the rate is tuned: not confirmed at this scale.",
  revision: 1,
  criteria: [
    { id: "single", statement: "test loss of exponential trunk with step heads over the single schedule that validation prefers", confirmed: { atMost: 0.95 }, contradicted: { atLeast: 1.05 }, unit: "x" },
    { id: "swapped", statement: "test loss of exponential trunk with step heads over step trunk with exponential heads", confirmed: { atMost: 0.95 }, contradicted: { atLeast: 1.05 }, unit: "x" },
  ],
  cells: (size) => assignments.flatMap((one) => runOf(size).seeds.map((seed) => ({ ...one, seed }))),

  async measure({ trunk, heads, seed }, { device, size, signal, shared }) {
    const { steps } = runOf(size);
    const student = shared("student", () => {
      const net = new Net(device, sizes);
      return new Student(device, net, [net.trunk.flatMap((layer) => layer.parameters()), net.head.parameters()]);
    });
    const { init, known, validation, test } = shared(`tasks ${seed}`, () => makeTasks(seed));
    const score = async (judge: Examples) => (await student.errors(batchOf(judge))).map((error, output) => error / powerOf(judge, output));
    const { best } = await tuned(rates, async (rate) => {
      const both = [decay(trunk, rate, steps), headsOf(heads, rate, steps)];
      const { lost, losses } = await student.train({ from: init, rates: both, steps, batches: drawnBatches(known, { steps, size: 32, seed }), signal });
      const curve = thinned(losses);
      if (lost) return { rate, validation: NaN, test: NaN, tasks: noises.map(() => NaN), curve };
      const errors = await score(test);
      return { rate, validation: mean(await score(validation)), test: mean(errors), tasks: noises.map((_, i) => mean(errors.slice(i * outputsEach, (i + 1) * outputsEach))), curve };
    });
    return best;
  },

  conclude(rows, size) {
    const { seeds } = runOf(size);
    const of = (trunk: Decay, heads: HeadDecay) => seeds.map((seed) => at(rows, trunk, heads, seed));
    const claimed = of("exponential", "step");
    const single = seeds.map((_, i) => decays.map((kind) => of(kind, kind)[i]!).reduce((best, one) => (one.validation < best.validation ? one : best)));
    const values = {
      single: claimed.map(({ test }, i) => test / single[i]!.test),
      swapped: claimed.map(({ test }, i) => test / of("step", "exponential")[i]!.test),
    };
    const all = assignments.map(({ trunk, heads }) => ({ trunk: words[trunk], heads: words[heads], results: of(trunk, heads) }));
    const medians = all.map(({ results }) => medianLoss(results.map(({ test }) => test)));
    const [least, most] = spread(medians);
    const best = all[medians.indexOf(least)]!;
    const byMovement = median(of("exponential", "faster").map(({ test }, i) => test / claimed[i]!.test));
    const gain = (1 - least / most) * 100;
    return {
      values,
      summary:
        `Test losses (share of variance left, mean of ${tasks} tasks): ${all.map(({ trunk, heads }, i) => `${percent(medians[i]!)} with ${trunk} trunk and ${heads} heads`).join(", ")}. ` +
        `The claim's assignment had ${median(values.single).toFixed(2)} times the loss of the better single schedule and ${median(values.swapped).toFixed(2)} times that of the swapped one. Exponential heads whose rates add up to the stairs' had ${byMovement.toFixed(2)} times its loss.`,
      advice:
        !medians.every(Number.isFinite)
          ? "Some assignments were lost at every rate tried: lower the rates before you compare schedules."
          : gain < 5
            ? `One schedule for trunk and heads is enough: the assignments lie within ${gain.toFixed(1)} % of each other once the rate is tuned.`
            : `Here ${best.trunk} decay for the trunk and ${best.heads} decay for the heads ended ${gain.toFixed(0)} % below the worst assignment` +
              (best.trunk === best.heads ? ": one schedule for all, but the right one." : ": give the groups schedules of their own (`paramGroups[i].lr`).") +
              (byMovement < 1.03
                ? ` Exponential heads with a first rate ${moreMovement.toFixed(1)} times the trunk's did as well as stairs: what counts is how much the heads move, so tune their rate before the shape of its decay.`
                : ` Exponential heads with a first rate ${moreMovement.toFixed(1)} times the trunk's, which move as much, stayed ${((byMovement - 1) * 100).toFixed(0)} % above stairs: the shape counts.`),
      charts: [
        {
          kind: "bars",
          title: "Test loss by assignment (share of variance left)",
          categories: all.map(({ trunk, heads }) => `trunk ${trunk}, heads ${heads}`),
          y: { name: "test loss", min: 0 },
          series: noises.map((noise, task) => bars(`task with noise ${noise}`, all.map(({ results }) => results.map(({ tasks }) => tasks[task]!)))),
        },
        {
          kind: "lines",
          title: "Training loss, median of the seeds",
          x: { name: "share of the steps" },
          y: { name: "mean squared error, noise included", log: true },
          series: all.map(({ trunk, heads, results }) => ({ name: `trunk ${trunk}, heads ${heads}`, points: medianCurve(results.map(({ curve }) => curve)) })),
        },
      ],
      tables: [
        {
          title: "Every assignment and seed, at the best of its rates",
          columns: ["trunk", "heads", "seed", "rate", "test loss", ...noises.map((noise) => `task with noise ${noise}`)],
          rows: rows.map(({ cell, result }) => [words[cell.trunk], words[cell.heads], cell.seed, result.rate, result.test, ...result.tasks]),
        },
      ],
    };
  },
});

const words: Record<HeadDecay, string> = { exponential: "exponential", step: "step", faster: "faster exponential" };

/** Sum of the stairs' rates over the sum of the line's, from the same first rate. */
const moreMovement = schedule.describe(decay("step", 1, 4000), { steps: 4000 }).sum / schedule.describe(decay("exponential", 1, 4000), { steps: 4000 }).sum;

function headsOf(heads: HeadDecay, rate: number, steps: number): schedule.Schedule {
  return heads === "faster" ? decay("exponential", moreMovement * rate, steps) : decay(heads, rate, steps);
}

function makeTasks(seed: number) {
  const random = new Generator(seed);
  const all = teacher({ inputs: sizes.inputs, hidden: 16, outputs: sizes.outputs }, random);
  const noise = noises.flatMap((one) => Array.from({ length: outputsEach }, () => one));
  const known = examples(all, { count: 2048, noise, random });
  return { init: freshWeights(sizes, random), known, validation: examples(all, { count: 512, random }), test: examples(all, { count: 512, random }) };
}

function at(rows: readonly Row[], trunk: Decay, heads: HeadDecay, seed: number): Result {
  return rows.find(({ cell }) => cell.trunk === trunk && cell.heads === heads && cell.seed === seed)!.result;
}

/** Mean square of one output. */
function powerOf({ y, count, outputs }: Examples, output: number): number {
  let sum = 0;
  for (let row = 0; row < count; row++) sum += y[row * outputs + output]! ** 2;
  return sum / count;
}

