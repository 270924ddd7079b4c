// Group 15: items reviewed at growing intervals while other things are learned, and how fast the rate should fall.
import { crossEntropy, Generator, schedule, SGD, type Device, type FeedFor, type Tensor } from "kiln-gpu";
import { experiment, type Size } from "../../src/lab/index.js";
import { lowestOf, orNull, soundMedian } from "./support/choice.js";
import { lossesOf } from "./support/losses.js";
import { PlainNet, type NetShape } from "./support/plain_net.js";
import { classesOf, drawPoints, scattered, table, type Mixture, type Points, type Table } from "./support/points.js";
import { grid, mean, median, spread } from "./support/statistics.js";
import { Trainee } from "./support/trainee.js";

/** The rate halves in `halfLife` times the present interval between reviews; 0 stands for a rate that never falls. */
type Setting = { halfLife: number; rate: number; seed: number };
/** Loss on the deck when each interval is over, before its review; loss on unseen examples of the rule at the end. NaN where the run was lost. */
type Result = { recall: number[]; rule: number };

const classes = 4;
const net: NetShape = { inputs: 8, width: 64, outputs: classes, depth: 2 };
const batch = 32;
const learning = 16;
const review = 4;
const never = 0;
const halfLives = [0.25, 1, 4, never];
const rates = [0.02, 0.05, 0.14, 0.37, 1];
const runOf = (size: Size) => (size === "full" ? { intervals: [8, 16, 32, 64, 128, 256, 512], seeds: [1, 2, 3, 4, 5, 6, 7] } : { intervals: [8, 16, 32, 64, 128], seeds: [1, 2, 3] });

const gain = (id: string, statement: string) => ({ id, statement, confirmed: { atLeast: 0.05 }, contradicted: { atMost: -0.05 }, unit: "nats" });

export default experiment<Setting, Result>({
  name: "spaced-repetition",
  group: 15,
  title: "A half-life of the rate that matches the review interval",
  claim:
    "Between two reviews an item is forgotten in proportion to how far the other steps move the weights, about the sum of η over the interval. If the intervals between reviews grow, a constant rate forgets " +
    "more in each of them; a rate whose half-life equals the present interval (η halves while the interval doubles: η ∝ 1/t) keeps that sum level. A shorter half-life freezes before the rest is learned; a longer one forgets.",
  source:
    "Reviews at growing intervals: Amiri, Miller and Savova 2017 (EMNLP, aclanthology D17-1255). Half-lives of memory that grow with each review: Settles and Meeder 2016 (ACL, aclanthology P16-1174). " +
    "That the rate should have the same half-life is this catalogue's claim; η ∝ 1/t is Robbins and Monro's.",
  prediction:
    "Scored by the mean of two losses, of the deck at the end of its last interval and of the rule on unseen examples: with intervals of 8 to 128 steps and each half-life at its best η₀, the matched rate should be " +
    "at least 0.05 nats better than a constant one, whose last interval has 16 times the movement of the first, and at least 0.05 nats better than a quarter of its half-life; within 0.05 nats of four times its half-life, which falls to a " +
    "half over the whole run and is hard to tell apart at this length.",
  revision: 1,
  criteria: [
    gain("constant", "score of a constant rate minus score of the matched half-life, each at its best η₀"),
    gain("quarter", "score of a half-life of a quarter of the interval minus score of the matched one"),
    gain("fourfold", "score of a half-life of four intervals minus score of the matched one"),
  ],
  cells: (size) => grid({ halfLife: halfLives, rate: rates, seed: runOf(size).seeds }),

  async measure({ halfLife, rate, seed }, { device, size, signal, shared }) {
    const { intervals } = runOf(size);
    const trainee = shared("trainee", () => makeTrainee(device));
    const { deck, stream, unseen } = shared(`task ${seed}`, () => makeTask(seed, intervals));
    trainee.start(new PlainNet(device, net, seed), rateFor(halfLife, rate, intervals));
    const recall: number[] = [];
    let streamed = 0;
    const train = async (steps: number, feed: () => Fed) => (await lossesOf(trainee.step, { steps, feed, signal, stopAbove: 100 })).length === steps;
    let sound = await train(learning, () => deck);
    for (const [i, interval] of intervals.entries()) {
      sound &&= await train(interval, () => stream[streamed++]!);
      if (!sound) return { recall: intervals.map(() => NaN), rule: NaN };
      recall.push(await trainee.evaluate([deck]));
      if (i < intervals.length - 1) sound = await train(review, () => deck);
    }
    return { recall, rule: await trainee.evaluate(unseen) };
  },

  conclude(rows, size) {
    const { intervals, seeds } = runOf(size);
    const of = (halfLife: number, rate: number) => seeds.map((seed) => rows.find(({ cell }) => cell.halfLife === halfLife && cell.rate === rate && cell.seed === seed)!.result);
    const scores = (halfLife: number, rate: number) => of(halfLife, rate).map(scoreOf);
    const best = new Map(halfLives.map((halfLife) => [halfLife, lowestOf(rates, (rate) => scores(halfLife, rate))]));
    const atBest = (halfLife: number) => of(halfLife, best.get(halfLife)!);
    const over = (halfLife: number) => atBest(halfLife).map((result, i) => scoreOf(result) - scoreOf(atBest(1)[i]!));
    const lowest = lowestOf(halfLives, (halfLife) => atBest(halfLife).map(scoreOf));
    const lastOf = (halfLife: number) => median(atBest(halfLife).map(({ recall }) => recall.at(-1)!));
    const ruleOf = (halfLife: number) => median(atBest(halfLife).map(({ rule }) => rule));
    const scoreAt = (halfLife: number) => median(atBest(halfLife).map(scoreOf));
    return {
      values: { constant: over(never), quarter: over(0.25), fourfold: over(4) },
      summary:
        `Each at its best first rate, after intervals of ${intervals[0]} to ${intervals.at(-1)} steps, the loss of the deck before a review would be due, and of the rule: ` +
        `${halfLives.map((halfLife) => `${lastOf(halfLife).toFixed(2)} and ${ruleOf(halfLife).toFixed(2)} nats with ${names[halfLife]} (η₀ ${best.get(halfLife)})`).join("; ")}. ` +
        `Chance is ${Math.log(classes).toFixed(2)}; the deck contradicts the rule, so that each costs the other.`,
      advice:
        lowest === never
          ? `Here a constant rate of ${best.get(never)} was best (${(scoreAt(1) - scoreAt(never)).toFixed(2)} nats below the matched half-life): reviews alone kept the deck.`
          : `Where old examples come back at growing intervals, let the rate halve about once in ${lowest === 1 ? "an interval" : lowest < 1 ? "a quarter of an interval" : "four intervals"}: here that was ${(scoreAt(never) - scoreAt(lowest)).toFixed(2)} nats better than the best constant rate, with a first rate of ${best.get(lowest)}.`,
      charts: [
        {
          kind: "lines",
          title: "Loss on the deck when each interval is over (each at its best first rate)",
          x: { name: "interval (steps)", log: true },
          y: { name: "loss of the deck (nats)", min: 0 },
          series: halfLives.map((halfLife) => {
            const marks = intervals.map((interval, i) => ({ interval, losses: atBest(halfLife).map(({ recall }) => recall[i]!) }));
            return { name: names[halfLife]!, points: marks.map(({ interval, losses }) => [interval, median(losses)] as const), band: marks.map(({ interval, losses }) => [interval, ...spread(losses)] as const) };
          }),
        },
        {
          kind: "lines",
          title: "Score by first rate (lower is better)",
          x: { name: "first rate η₀", log: true },
          y: { name: "mean of both losses (nats)" },
          series: halfLives.map((halfLife) => ({ name: names[halfLife]!, points: rates.map((rate) => [rate, soundMedian(scores(halfLife, rate))] as const) })),
        },
      ],
      tables: [
        {
          title: "Losses at the end, medians of the seeds (nats)",
          columns: ["half-life", "η₀", "deck, last interval", "rule", "score"],
          rows: grid({ halfLife: halfLives, rate: rates }).map(({ halfLife, rate }) => {
            const results = of(halfLife, rate);
            return [names[halfLife]!, rate, ...[results.map(({ recall }) => recall.at(-1)!), results.map(({ rule }) => rule), results.map(scoreOf)].map((values) => orNull(soundMedian(values)))];
          }),
        },
      ],
    };
  },
});

const names: Readonly<Record<number, string>> = { 0.25: "a quarter of the interval", 1: "the interval", 4: "four intervals", [never]: "a constant rate" };

const scoreOf = ({ recall, rule }: Result): number => mean([recall.at(-1)!, rule]);

/** `rate` until the deck was first learned; then it falls by 2^(-1 / halfLife) from one review to the next. */
export function rateFor(halfLife: number, rate: number, intervals: readonly number[]): schedule.Schedule {
  if (halfLife === never) return schedule.constant(rate);
  let end = learning;
  const points: [number, number][] = [[learning, rate]];
  intervals.forEach((interval, i) => points.push([(end += interval + review), rate * 2 ** (-(i + 1) / halfLife)]));
  return schedule.piecewise(points, { interpolation: "exponential" });
}

interface Batch {
  x: { values: Tensor };
  labels: Tensor;
}
type Fed = FeedFor<Batch> & { x: Table; labels: Uint32Array };

function makeTrainee(device: Device): Trainee<Batch> {
  const model = new PlainNet(device, net, 0);
  return new Trainee(device, model, new SGD(model.parameters(), { lr: 0 }), ({ x, labels }) => crossEntropy(model.forward(x.values), labels));
}

/** The rule: a label for each of 16 centres. The stream has a tenth of its labels at random, so that it never stops moving the weights; the deck is 32 points with labels at random, exceptions to the rule. */
function makeTask(seed: number, intervals: readonly number[]): { deck: Fed; stream: Fed[]; unseen: Fed[] } {
  const random = new Generator(1000 + seed);
  const mixture = scattered(16, net.inputs, { distance: 2, spread: 0.5, random });
  const anyLabels = () => random.integers(batch, classes);
  const fed = (points: Points, labels: Uint32Array): Fed => ({ x: table(points.x, points.dims), labels });
  const ruled = (guessed: number): Fed => {
    const points = draw(mixture);
    const [labels, others, chance] = [classesOf(points, classes), anyLabels(), random.uniform(batch)];
    return fed(points, labels.map((label, i) => (chance[i]! < guessed ? others[i]! : label)));
  };
  const draw = (from: Mixture) => drawPoints(from, batch, random);
  const list = (count: number, make: () => Fed) => Array.from({ length: count }, make);
  return { deck: fed(draw(mixture), anyLabels()), unseen: list(8, () => ruled(0)), stream: list(intervals.reduce((sum, interval) => sum + interval, 0), () => ruled(0.1)) };
}
