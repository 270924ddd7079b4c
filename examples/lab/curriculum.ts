// Group 14: a curriculum of discrete stages, and whether the rate should fall with them.
import { Generator, schedule } from "kiln-gpu";
import { experiment, type Measured, type Size } from "../../src/lab/index.js";
import { decay, span, thinned, tuned } from "./support/decays.js";
import { bars, medianCurve, medianLoss, percent } from "./support/outcomes.js";
import { grid, median } from "./support/statistics.js";
import { freshWeights, Net, Student, type NetSizes } from "./support/student.js";
import { batchOf, drawnBatches, examples, power, teacher, type BatchValues, type Examples } from "./support/teacher.js";

/** "matched": a drop where harder examples come in. "late": the same drops half a stage after. "smooth": exponential. All from η₀ to η₀ / span. */
type Fall = "smooth" | "matched" | "late";
/** "staged": examples of the first stage only, then of the first two, and so on. "mixed": all from the start. */
type Order = "staged" | "mixed";
type Setting = { order: Order; fall: Fall; seed: number };
/** The best of the rates tried; losses on all difficulties together, as shares of the answers' mean square. */
type Result = { rate: number; validation: number; test: number; curve: number[] };
type Row = Measured<Setting, Result>;

const sizes: NetSizes = { inputs: 12, width: 32, outputs: 4 };
/** Of the inputs: the teacher is nearly linear for small ones, and switches for large ones. */
const difficulties = [0.25, 0.75, 1.5, 3];
const noise = 0.3;
/** Wide enough that the best of each setting lies inside (on the stages it is higher), and as fine as the decays' best rates differ. */
const rates: Record<Order, readonly number[]> = { staged: [0.4, 0.57, 0.8, 1.13, 1.6], mixed: [0.1, 0.14, 0.2, 0.28, 0.4] };
const settings: readonly (readonly [Order, Fall])[] = [["staged", "smooth"], ["staged", "matched"], ["staged", "late"], ["mixed", "smooth"], ["mixed", "matched"]];
const runOf = (size: Size) => (size === "full" ? { steps: 4000, seeds: [1, 2, 3, 4, 5, 6, 7] } : { steps: 320, seeds: [1, 2, 3, 4, 5] });

export default experiment<Setting, Result>({
  name: "curriculum",
  group: 14,
  title: "Step decay matched to a curriculum's stages",
  claim:
    "Where difficulty rises in discrete stages, the rate should fall in steps at the same places: each stage gets a rate of its own, held until it is learned. A smooth decay ignores the stages: it has fallen " +
    "too far when a stage's examples come in, or not far enough. If the matching is what helps, stairs gain less where all difficulties are mixed from the start.",
  source:
    "Bengio et al. 2009, Curriculum Learning (ICML; stages of rising difficulty); Ge et al. 2019 (arXiv 1904.12838, step decay). Against much hope of curricula: Wu, Dyer and Neyshabur 2020 (arXiv 2012.03107, " +
    "section 4: no gain over random order in standard training). That the drops should meet the stages is this catalogue's claim.",
  prediction:
    "New examples ask for a high rate, and matched stairs drop it just then: 0 to 10 % worse than smooth decay at equal tuning, so contradicted or not confirmed. Drops half a stage late, which let each stage begin at the rate before, should be " +
    "the best of the three on the stages, by 0 to 10 %. Mixed order beats the stages by 5 to 30 %, because the hardest examples, which dominate the loss, are seen four times as long.",
  revision: 1,
  criteria: [
    { id: "matched", statement: "on the stages: test loss of matched stairs over smooth decay", confirmed: { atMost: 0.95 }, contradicted: { atLeast: 1.05 }, unit: "x" },
    { id: "matching", statement: "that ratio over the same ratio in mixed order", confirmed: { atMost: 0.95 }, contradicted: { atLeast: 1.05 }, unit: "x" },
  ],
  cells: (size) => settings.flatMap(([order, fall]) => grid({ order: [order], fall: [fall], seed: runOf(size).seeds })),

  async measure({ order, fall, seed }, { device, size, signal, shared }) {
    const { steps } = runOf(size);
    const student = shared("student", () => new Student(device, new Net(device, sizes)));
    const { init, stages, validation, test, unit } = shared(`tasks ${seed}`, () => makeTasks(seed));
    const batches = order === "staged" ? stagedBatches(stages, steps, seed) : drawnBatches(stages.at(-1)!, { steps, size: 32, seed });
    const { best } = await tuned(rates[order], async (rate) => {
      const { lost, losses } = await student.train({ from: init, rates: fallOf(fall, rate, steps), steps, batches, signal });
      const curve = thinned(losses);
      return lost ? { rate, validation: NaN, test: NaN, curve } : { rate, validation: (await student.score(validation)) / unit, test: (await student.score(test)) / unit, curve };
    });
    return best;
  },

  conclude(rows, size) {
    const { seeds, steps } = runOf(size);
    const of = (order: Order, fall: Fall) => seeds.map((seed) => at(rows, order, fall, seed));
    const ratios = (order: Order, fall: Fall) => of(order, fall).map(({ test }, i) => test / of(order, "smooth")[i]!.test);
    const [staged, mixed] = [ratios("staged", "matched"), ratios("mixed", "matched")];
    const late = median(ratios("staged", "late"));
    const values = { matched: staged, matching: staged.map((ratio, i) => ratio / mixed[i]!) };
    const tests = settings.map(([order, fall]) => of(order, fall).map(({ test }) => test));
    const medians = tests.map(medianLoss);
    const onStages = settings.slice(0, 3).map(([, fall], i) => ({ fall, loss: medians[i]! })).sort((a, b) => a.loss - b.loss);
    const gain = (1 - onStages[0]!.loss / onStages.at(-1)!.loss) * 100;
    const mixedBest = Math.min(...medians.slice(3));
    return {
      values,
      summary:
        `Test losses over all difficulties: ${settings.map(([order, fall], i) => `${percent(medians[i]!)} (${order}, ${words[fall]})`).join(", ")}. On the stages matched drops gave ${median(staged).toFixed(2)} times the loss of smooth decay, drops half a stage ` +
        `late ${late.toFixed(2)} times; in mixed order the same stairs gave ${median(mixed).toFixed(2)} times.`,
      advice:
        (!medians.every(Number.isFinite)
          ? "Some settings were lost at every rate tried: lower the rates before you compare decays."
          : gain < 5
            ? `On a staged curriculum the decay's shape hardly matters (${gain.toFixed(1)} % between best and worst): keep the one that you have, and tune its first rate.`
            : `On a staged curriculum take ${words[onStages[0]!.fall]}: it ended ${gain.toFixed(0)} % below ${words[onStages.at(-1)!.fall]}.`) +
        (mixedBest < onStages[0]!.loss ? ` But try mixed order first: the best curriculum here ended at ${(onStages[0]!.loss / mixedBest).toFixed(1)} times its loss.` : ""),
      charts: [
        {
          kind: "bars",
          title: "Test loss over all difficulties (share of variance left)",
          categories: settings.map(([order, fall]) => `${order}, ${words[fall]}`),
          y: { name: "test loss", min: 0 },
          series: [bars("median of the seeds", tests)],
        },
        {
          kind: "lines",
          title: "Training loss on the stages, median of the seeds",
          x: { name: "step" },
          y: { name: "mean squared error", log: true },
          marks: difficulties.slice(1).map((scale, i) => ({ x: ((i + 1) * steps) / difficulties.length, label: `inputs up to ${scale}` })),
          series: settings.slice(0, 3).map(([order, fall]) => ({ name: words[fall], points: medianCurve(of(order, fall).map(({ curve }) => curve), steps) })),
        },
        {
          kind: "lines",
          title: "The rates, at a first rate of 1",
          x: { name: "step" },
          y: { name: "rate", log: true },
          series: (["smooth", "matched", "late"] as const).map((fall) => ({ name: words[fall], points: Array.from({ length: 65 }, (_, i) => [(i * (steps - 1)) / 64, fallOf(fall, 1, steps).at(Math.floor((i * (steps - 1)) / 64))] as const) })),
        },
      ],
      tables: [
        {
          title: "Every setting and seed, at the best of its rates",
          columns: ["order", "decay", "seed", "rate", "test loss"],
          rows: rows.map(({ cell, result }) => [cell.order, words[cell.fall], cell.seed, result.rate, result.test]),
        },
      ],
    };
  },
});

const words: Record<Fall, string> = { smooth: "smooth decay", matched: "drops at the stages", late: "drops half a stage late" };

function fallOf(fall: Fall, rate: number, steps: number): schedule.Schedule {
  if (fall === "smooth") return decay("exponential", rate, steps);
  if (fall === "matched") return decay("step", rate, steps, difficulties.length);
  const stage = steps / difficulties.length;
  return schedule.multiStep({ from: rate, milestones: difficulties.slice(1).map((_, i) => Math.round((i + 1.5) * stage)), factor: span ** (-1 / (difficulties.length - 1)) });
}

/** `stages`: examples of the first difficulty, of the first two, and so on to all. What is judged has equally many of each, without noise. */
function makeTasks(seed: number) {
  const random = new Generator(seed);
  const of = teacher({ inputs: sizes.inputs, hidden: 16, outputs: sizes.outputs }, random);
  const drawn = (count: number, levels: number, noise: number) => examples(of, { count, noise, scale: Array.from({ length: count }, (_, i) => difficulties[i % levels]!), random });
  const stages = difficulties.map((_, i) => drawn(512 * (i + 1), i + 1, noise));
  const test = drawn(1024, difficulties.length, 0);
  return { init: freshWeights(sizes, random), stages, validation: batchOf(drawn(1024, difficulties.length, 0)), test: batchOf(test), unit: power(test) };
}

function stagedBatches(stages: readonly Examples[], steps: number, seed: number): (t: number) => BatchValues {
  const ofStage = stages.map((stage) => drawnBatches(stage, { steps, size: 32, seed }));
  return (t) => ofStage[Math.floor((t * stages.length) / steps)]!(t);
}

function at(rows: readonly Row[], order: Order, fall: Fall, seed: number): Result {
  return rows.find(({ cell }) => cell.order === order && cell.fall === fall && cell.seed === seed)!.result;
}
