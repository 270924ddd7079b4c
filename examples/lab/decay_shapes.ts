// Group 12: what shapes of decay make of a noisy quadratic, from near and from far.
import { add, Generator, mul, schedule, SGD, sum, type Tensor } from "kiln-gpu";
import { experiment, type Measured } from "../../src/lab/index.js";
import { descend } from "./support/descent.js";
import { grid, mean, median } from "./support/statistics.js";

/** Walkers side by side on the same quadratic: their mean tells of the law more than of luck. */
const walkers = { small: 64, full: 1024 };
const steps = { small: 400, full: 2000 };
const seeds = [1, 2, 3];
const curvatures = [0.02, 0.1, 0.3, 1];
const peak = 0.3;
const noise = 1;
const lowest = 1e-3;
const starts = { near: 1, far: 100 };
const shapes = ["constant", "step", "exponential", "polynomial", "cosine"] as const;
type ShapeName = (typeof shapes)[number];
const decaying = shapes.filter((name) => name !== "constant");

interface Cell extends Record<string, string | number> {
  shape: ShapeName;
  from: keyof typeof starts;
  seed: number;
}

interface Result extends Record<string, number | number[]> {
  /** Mean loss of the walkers above the minimum, in the last kept moment. */
  excess: number;
  curve: number[];
}

type Row = Measured<Cell, Result>;

const points = 50;

function scheduleOf(shape: ShapeName, length: number): schedule.Schedule {
  const start = { from: peak, steps: length };
  switch (shape) {
    case "constant":
      return schedule.constant(peak);
    case "step":
      return schedule.step({ from: peak, every: Math.round(length / 3), factor: 0.1 });
    case "exponential":
      return schedule.exponential({ from: peak, factor: lowest ** (1 / length) });
    case "polynomial":
      return schedule.polynomial({ ...start, to: peak * lowest, power: 2 });
    case "cosine":
      return schedule.cosine({ ...start, to: peak * lowest });
  }
}

export default experiment<Cell, Result>({
  name: "decay-shapes",
  group: 12,
  title: "A constant rate stalls in a ball of noise; decays go below it, and exponential decay freezes far from home",
  claim:
    "On a quadratic with noisy gradients a constant rate η ends in a ball of noise of excess loss about η σ²/4 a dimension. Any decay towards zero shrinks the ball. But the way that a schedule can go is bounded by its sum: exponential decay spends Σ η = η₀/(1 − γ), a seventh of a constant's here, and from far away it freezes before it has arrived along the flat directions.",
  source: "Robbins and Monro 1951; Bottou, Curtis and Nocedal 2018, arXiv 1606.04838, section 4, for the ball of noise; Loshchilov and Hutter 2017, arXiv 1608.03983, for cosine",
  prediction: "From near, step, exponential, polynomial and cosine decay each end at half the constant's excess loss or less. From far, exponential ends at 10 times the cosine's excess or more.",
  revision: 1,
  criteria: [
    { id: "ball", statement: "from near: excess of the worst decay over the constant's", confirmed: { atMost: 0.5 }, contradicted: { atLeast: 1 }, unit: "x" },
    { id: "frozen", statement: "from far: excess of exponential over cosine", confirmed: { atLeast: 10 }, contradicted: { atMost: 1 }, unit: "x" },
    { id: "law", statement: "constant, from near: excess over the ball of noise that theory gives", confirmed: { atMost: 1.5 }, contradicted: { atLeast: 3 }, unit: "x" },
  ],
  cells: () => grid({ shape: shapes, from: Object.keys(starts) as (keyof typeof starts)[], seed: seeds }),
  measure: async ({ shape, from, seed }, { device, size, signal }) => {
    const [rows, columns] = [walkers[size], curvatures.length];
    const generator = new Generator(seed);
    const curvature = Float32Array.from({ length: rows * columns }, (_, i) => curvatures[i % columns]!);
    const start = generator.normal(rows * columns).map((value) => starts[from] * value);
    const path = await descend<{ curvature: Tensor; noise: Tensor }>(device, {
      ...{ start, shape: [rows, columns], steps: steps[size], every: steps[size] / points, signal },
      optimizer: (weights) => new SGD([weights], { lr: scheduleOf(shape, steps[size]) }),
      // The gradient is curvature x weight, and noise that is new for every step.
      loss: (weights, fed) => sum(mul(weights, add(mul(mul(fed.curvature, weights), 0.5), fed.noise))),
      feed: () => ({ curvature, noise: generator.normal(rows * columns).map((value) => noise * value), shape: [rows, columns] }),
    });
    const curve = path.map((weights) => mean(Array.from(weights, (value, i) => (columns * curvature[i]! * value * value) / 2)));
    return { excess: mean(curve.slice(-3)), curve };
  },
  conclude: (measured, size) => {
    const of = (shape: ShapeName, from: Cell["from"]): Row[] => measured.filter(({ cell }) => cell.shape === shape && cell.from === from);
    const excess = (shape: ShapeName, from: Cell["from"]) => of(shape, from).map(({ result }) => result.excess);
    const over = (a: readonly number[], b: readonly number[]) => a.map((value, i) => value / b[i]!);
    const worst = seeds.map((_, i) => Math.max(...decaying.map((shape) => excess(shape, "near")[i]!)));
    // Of the fixed point of E[w²] = (1 - rate curvature)² E[w²] + rate² noise².
    const ball = curvatures.reduce((total, lambda) => total + (peak * noise ** 2) / (2 * (2 - peak * lambda)), 0);
    const values = { ball: over(worst, excess("constant", "near")), frozen: over(excess("exponential", "far"), excess("cosine", "far")), law: over(excess("constant", "near"), excess("constant", "near").map(() => ball)) };
    const at = (shape: ShapeName, from: Cell["from"]) => median(excess(shape, from)).toPrecision(2);
    return {
      values,
      summary: `From near, a constant rate ended ${at("constant", "near")} above the minimum (theory: ${ball.toPrecision(2)}); ${decaying.map((shape) => `${shape} ${at(shape, "near")}`).join(", ")}. From far, exponential decay ended ${at("exponential", "far")} above it and cosine ${at("cosine", "far")}.`,
      advice: `Decay to near zero at the end (here ${(1 / median(values.ball)).toPrecision(2)} times less excess loss or better), by cosine, polynomial or steps rather than exponentially from the start: from far away exponential decay kept ${median(values.frozen).toPrecision(2)} times the cosine's.`,
      charts: (Object.keys(starts) as (keyof typeof starts)[]).map((from) => ({
        ...{ kind: "lines" as const, title: `Excess loss from ${from} (mean over walkers and seeds)`, x: { name: "step" }, y: { name: "loss above the minimum", log: true } },
        series: shapes.map((shape) => ({
          name: shape,
          points: Array.from({ length: points + 1 }, (_, i) => [(i * steps[size]) / points, mean(of(shape, from).map(({ result }) => result.curve[i]!))] as const),
          band: Array.from({ length: points + 1 }, (_, i) => [(i * steps[size]) / points, Math.min(...of(shape, from).map(({ result }) => result.curve[i]!)), Math.max(...of(shape, from).map(({ result }) => result.curve[i]!))] as const),
        })),
      })),
      tables: [{ title: "Excess loss at the end", columns: ["decay", "from", "seed", "excess"], rows: measured.map(({ cell, result }) => [cell.shape, cell.from, cell.seed, result.excess]) }],
    };
  },
});
