// Group 13: fine-tuning on a handful of examples, and how long the rate should last.
import { Generator, schedule } from "kiln-gpu";
import { experiment, type Size } from "../../src/lab/index.js";
import { decay } from "./support/decays.js";
import { medianLoss, percent } from "./support/outcomes.js";
import { grid, spread } from "./support/statistics.js";
import { freshWeights, Net, partOf, Student, type NetSizes, type Weights } from "./support/student.js";
import { batchOf, drawnBatches, examples, power, relative, teacher } from "./support/teacher.js";

/** `halfLife` 0: the rate never falls. `shape`: exponential decay, or a constant rate with the same sum of rates. */
type Setting = { halfLife: number; shape: "exponential" | "level"; seed: number };
/** Losses are shares of the answers' mean square. `source` before and after: the first task, by its own head on the trunk that has moved. */
type Result = { before: number; source: number; target: number; lowest: number; moved: number; curve: number[] };

const sizes: NetSizes = { inputs: 12, width: 32, outputs: 4 };
const shots = 16;
const noise = 0.5;
/** Of fine-tuning; pre-training, which needs none of the claim's care, has twice as much and lets it fall. */
const rate = 0.1;
const runOf = (size: Size) => (size === "full" ? { pretrain: 4000, steps: 1024, seeds: [1, 2, 3, 4, 5, 6, 7] } : { pretrain: 400, steps: 256, seeds: [1, 2, 3] });
/** From a 64th of the run to half of it, and never. */
const halfLivesOf = (steps: number) => [...[64, 32, 16, 8, 4, 2].map((part) => steps / part), 0];
/** The claim's fast decay, chosen before anything ran. */
const fastOf = (steps: number) => steps / 16;

export default experiment<Setting, Result>({
  name: "few-shot",
  group: 13,
  title: "Few-shot fine-tuning needs a rate that dies early",
  claim:
    "With a handful of examples a constant rate goes on until it has learned their noise, and drags the features away from what pre-training found: over-fitting and forgetting. A fast exponential " +
    "decay η_t = η₀ 2^(-t / H) can move a weight by no more than about η₀ H / ln 2 times its gradient (times 10 with momentum 0.9), and stops near the start, where the examples have given what is general in them.",
  source:
    "Mirzadeh et al. 2020 (arXiv 2006.06958: forgetting is bounded by curvature times the squared distance moved, and decaying rates keep it small); Howard and Ruder 2018 (arXiv 1801.06146, section 3: " +
    "fine-tuning that is too aggressive forgets); Li, Zhuang and Orabona 2020 (arXiv 2002.05273, exponential steps).",
  prediction:
    `With ${shots} examples and labels whose noise is half of their spread, 256 full-batch steps at a constant ${rate} end 1.1 to 1.5 times above the fast decay (half-life 16 steps) on new examples of the target, and raise the source's loss ` +
    "2 to 5 times as much. The shortest half-life, 4 steps, is too short to train the new head: the best lies between 8 and 64. A constant rate with the same Σ η does as well within 5 %: it is the budget that protects, not its shape.",
  revision: 1,
  criteria: [
    { id: "overfit", statement: "target's test loss, constant rate over fast decay", confirmed: { atLeast: 1.1 }, contradicted: { atMost: 1 }, unit: "x" },
    { id: "forget", statement: "rise of the source's test loss, constant rate over fast decay", confirmed: { atLeast: 2 }, contradicted: { atMost: 1 }, unit: "x" },
  ],
  // A constant rate with the sum of a constant rate is that rate.
  cells: (size) => grid({ halfLife: halfLivesOf(runOf(size).steps), shape: ["exponential", "level"] as const, seed: runOf(size).seeds }).filter(({ halfLife, shape }) => halfLife > 0 || shape === "exponential"),

  async measure({ halfLife, shape, seed }, { device, size, signal, shared }) {
    const { pretrain, steps } = runOf(size);
    const student = shared("student", () => new Student(device, new Net(device, sizes)));
    const { init, known, source, few, target, units } = shared(`tasks ${seed}`, () => makeTasks(seed));
    const pretrained = await shared(`pretrained ${seed}`, async () => {
      const { weights } = await student.train({ from: init, rates: decay("step", 2 * rate, pretrain), steps: pretrain, batches: drawnBatches(known, { steps: pretrain, size: 32, seed }), signal });
      return { weights, loss: (await student.score(source)) / units.source };
    });
    const from = { ...pretrained.weights, ...partOf(init, "head") };
    const curve: number[] = [];
    const watch = { every: steps / 32, score: async () => void curve.push((await student.score(target)) / units.target) };
    const { weights, lost } = await student.train({ from, rates: ratesOf(halfLife, shape, steps), steps, batches: () => few, signal, watch });
    const after = lost ? NaN : (await student.score(source, { ...weights, ...partOf(pretrained.weights, "head") })) / units.source;
    return { before: pretrained.loss, source: after, target: lost ? NaN : curve.at(-1)!, lowest: Math.min(...curve), moved: moved(partOf(from, "trunk"), weights), curve };
  },

  conclude(rows, size) {
    const { seeds, steps } = runOf(size);
    const of = (halfLife: number, shape: Setting["shape"] = "exponential") => seeds.map((seed) => rows.find(({ cell }) => cell.halfLife === halfLife && cell.shape === shape && cell.seed === seed)!.result);
    const halfLives = halfLivesOf(steps);
    const falling = halfLives.filter((halfLife) => halfLife > 0);
    const [fast, constant] = [of(fastOf(steps)), of(0)];
    const rise = ({ source, before }: Result) => source - before;
    const values = { overfit: constant.map(({ target }, i) => target / fast[i]!.target), forget: constant.map((one, i) => rise(one) / rise(fast[i]!)) };
    const targets = (halfLife: number, shape?: Setting["shape"]) => of(halfLife, shape).map(({ target }) => target);
    const best = halfLives.reduce((best, halfLife) => (medianLoss(targets(halfLife)) < medianLoss(targets(best)) ? halfLife : best));
    const level = falling.reduce((best, halfLife) => (medianLoss(targets(halfLife, "level")) < medianLoss(targets(best, "level")) ? halfLife : best));
    const shapes = falling.map((halfLife) => medianLoss(of(halfLife, "level").map(({ target }, i) => target / targets(halfLife)[i]!)));
    const words = (halfLife: number) => (halfLife > 0 ? `half-life ${halfLife}` : "constant rate");
    const x = (halfLife: number) => halfLife || 2 * steps;
    const lines = (value: (one: Result) => number) =>
      (["exponential", "level"] as const).map((shape) => ({
        name: shape === "level" ? "constant, same sum of rates" : "exponential decay",
        points: halfLives.flatMap((halfLife) => (halfLife > 0 || shape === "exponential" ? [[x(halfLife), medianLoss(of(halfLife, shape).map(value))] as const] : [])),
        band: halfLives.flatMap((halfLife) => (halfLife > 0 || shape === "exponential" ? [[x(halfLife), ...spread(of(halfLife, shape).map(value))] as const] : [])),
        style: shape === "level" ? ("dashed" as const) : ("solid" as const),
      }));
    return {
      values,
      summary:
        `After ${steps} steps on ${shots} examples the constant rate left ${share(constant.map(({ target }) => target))} of the target's variance, the fast decay (${words(fastOf(steps))}) ${share(fast.map(({ target }) => target))}; ` +
        `the best was ${words(best)} with ${share(targets(best))}. The source's loss rose by ${share(constant.map(rise))} of its variance with the constant rate and by ${share(fast.map(rise))} with the fast decay, whose trunk moved ` +
        `${share(fast.map(({ moved }, i) => moved / constant[i]!.moved))} as far. A constant rate with the same sum had ${Math.min(...shapes).toFixed(2)} to ${Math.max(...shapes).toFixed(2)} times the decay's target loss.`,
      advice:
        (medianLoss(targets(best)) < 0.95 * medianLoss(targets(0))
          ? `On so few examples spend little: a rate that halves every ${best} of ${steps} steps reached ${share(targets(best))}, a constant one ${share(targets(0))}. `
          : "A rate that dies early did not lower the target's loss here. ") +
        `A level rate with the same sum (of half-life ${level}) came to ${share(targets(level, "level"))} and cost the source ${share(of(level, "level").map(rise))} instead of ${share(of(best).map(rise))}: ` +
        (medianLoss(targets(level, "level")) < 1.05 * medianLoss(targets(best)) ? "it is how far the rates add up that counts first, so lower the rate before you tune its shape." : "the shape counts too, so try decays before you lower the rate."),
      charts: [
        { kind: "lines", title: `Target: test loss after ${shots} examples, by half-life`, x: { name: `half-life in steps (last: constant rate)`, log: true }, y: { name: "share of variance left" }, series: lines(({ target }) => target) },
        { kind: "lines", title: "Source: how much is forgotten", x: { name: `half-life in steps (last: constant rate)`, log: true }, y: { name: "rise of the test loss" }, series: lines(rise) },
        {
          kind: "lines",
          title: "Target: test loss along fine-tuning",
          x: { name: "step" },
          y: { name: "share of variance left" },
          series: [halfLives[0]!, fastOf(steps), 0].map((halfLife) => ({ name: words(halfLife), points: alongRun(of(halfLife).map(({ curve }) => curve), steps) })),
        },
      ],
      tables: [
        {
          title: "Medians of the seeds",
          columns: ["half-life", "shape", "target's test loss", "lowest on the way", "source's test loss", "before", "trunk moved"],
          rows: halfLives.flatMap((halfLife) =>
            (halfLife > 0 ? (["exponential", "level"] as const) : (["exponential"] as const)).map((shape) => {
              const all = (value: (one: Result) => number) => medianLoss(of(halfLife, shape).map(value));
              return [halfLife || "never", shape, all(({ target }) => target), all(({ lowest }) => lowest), all(({ source }) => source), all(({ before }) => before), all(({ moved }) => moved)];
            }),
          ),
        },
      ],
    };
  },
});

function ratesOf(halfLife: number, shape: Setting["shape"], steps: number): schedule.Schedule {
  if (halfLife === 0) return schedule.constant(rate);
  const falling = schedule.exponential({ from: rate, halfLife });
  return shape === "exponential" ? falling : schedule.constant(schedule.describe(falling, { steps }).sum / steps);
}

/** A source with much data, and a target whose features are the source's turned by 30 degrees, with few examples. */
function makeTasks(seed: number) {
  const random = new Generator(seed);
  const first = teacher({ inputs: sizes.inputs, hidden: 16, outputs: sizes.outputs }, random);
  const second = relative(first, Math.PI / 6, random);
  const known = examples(first, { count: 4096, noise, random });
  const few = examples(second, { count: shots, noise, random });
  const [source, target] = [examples(first, { count: 512, random }), examples(second, { count: 512, random })];
  return { init: freshWeights(sizes, random), known, few: batchOf(few), source: batchOf(source), target: batchOf(target), units: { source: power(source), target: power(target) } };
}

/** Distance between two sets of weights, of what the first names. */
function moved(from: Weights, to: Weights): number {
  let sum = 0;
  for (const [name, { data }] of Object.entries(from)) for (let i = 0; i < data.length; i++) sum += (to[name]!.data[i]! - data[i]!) ** 2;
  return Math.sqrt(sum);
}

const share = (losses: readonly number[]): string => percent(medianLoss(losses), 0);

/** From the start, before the first step. */
function alongRun(curves: readonly (readonly number[])[], steps: number): [number, number][] {
  const length = Math.min(...curves.map((curve) => curve.length));
  return Array.from({ length }, (_, i) => [(i * steps) / (length - 1), medianLoss(curves.map((curve) => curve[i]!))]);
}
