// Group 6: a second moment kept in f16 underflows to zero, and epsilon is the floor that keeps the step from exploding.
import { add, capture, cast, div, fromArray, Generator, keep, mul, noGrad, sqrt, type Device, type Tensor } from "kiln-gpu";
import { experiment, type Measured } from "../../src/lab/index.js";
import { grid, median } from "./support/statistics.js";

const count = { small: 256, full: 65536 };
const steps = 40;
const [beta1, beta2] = [0.9, 0.999];
/** Of the gradients: their squares are below f16's smallest number, 6e-8, from 2.4e-4 on, and with 1 - beta2 before them from 8e-3 on. */
const sizes = [1e-1, 1e-2, 1e-3, 1e-4];
const seeds = [1, 2, 3];
const kinds = ["f32, eps 1e-8", "f16, eps 1e-8", "f16, eps 1e-4"] as const;
type Kind = (typeof kinds)[number];
const epsOf = (kind: Kind) => (kind.endsWith("1e-4") ? 1e-4 : 1e-8);
const judged = 1e-3;

interface Cell extends Record<string, string | number> {
  kind: Kind;
  gradient: number;
  seed: number;
}

interface Result extends Record<string, number> {
  /** The longest step of any weight, over the rate: with an exact second moment about 1. */
  longest: number;
  /** Share of the weights whose second moment is zero in the end. */
  zero: number;
}

type Row = Measured<Cell, Result>;

/** Adam's moments and step, written with ops, the second moment rounded to what would be stored. */
async function measure({ kind, gradient, seed }: Cell, device: Device, size: number): Promise<Result> {
  const generator = new Generator(seed);
  const stored = (v: Tensor) => (kind.startsWith("f16") ? cast(cast(v, "f16"), "f32") : mul(v, 1));
  const zeros = () => keep(fromArray(device, new Float32Array(size)));
  let [m, v] = [zeros(), zeros()];
  using update = capture(device, (fed: { g: Tensor; m: Tensor; v: Tensor; root: Tensor; scale: Tensor }) =>
    noGrad(() => {
      const nextM = add(mul(fed.m, beta1), mul(fed.g, 1 - beta1));
      const nextV = stored(add(mul(fed.v, beta2), mul(mul(fed.g, fed.g), 1 - beta2)));
      // root and scale correct the bias: m / scale over sqrt(v) / root + eps.
      const step = div(div(nextM, fed.scale), add(div(sqrt(nextV), fed.root), epsOf(kind)));
      return { m: nextM, v: nextV, step };
    }),
  );
  let longest = 0;
  for (let t = 1; t <= steps; t++) {
    const g = generator.normal(size).map((value) => gradient * value);
    const { m: nextM, v: nextV, step } = update({ g, m, v, root: Math.sqrt(1 - beta2 ** t), scale: 1 - beta1 ** t });
    for (const value of await step.data()) longest = Math.max(longest, Math.abs(value));
    const [copyM, copyV] = [keep(mul(nextM, 1)), keep(mul(nextV, 1))];
    for (const used of [m, v]) used.dispose();
    [m, v] = [copyM, copyV];
  }
  const zero = Array.from(await v.data()).filter((value) => value === 0).length / size;
  for (const used of [m, v]) used.dispose();
  return { longest, zero };
}

export default experiment<Cell, Result>({
  name: "epsilon-f16",
  group: 6,
  title: "A second moment in f16 underflows, and only a larger ε keeps Adam's step in bounds",
  claim:
    "Adam divides by √v + ε. Kept in f16, a v below 6e-8 becomes zero: with small gradients all that is left below the line is ε, and with the usual 1e-8 a step is thousands of times the rate. An ε of the size of the smallest root that f16 can keep, about 1e-4, is a floor that keeps it near the rate.",
  source: "Micikevicius et al. 2018, arXiv 1710.03740, section 3, on values that f16 flushes to zero; Kingma and Ba 2015, arXiv 1412.6980, section 2, for ε",
  prediction: "With gradients of 0.001 the longest step is below 10 times the rate in f32, above 1000 times in f16 with ε = 1e-8, and below 20 times in f16 with ε = 1e-4.",
  revision: 1,
  criteria: [
    { id: "f32", statement: "f32: longest step over the rate", confirmed: { atMost: 10 }, contradicted: { atLeast: 100 }, unit: "x" },
    { id: "bursts", statement: "f16, ε = 1e-8: longest step over the rate", confirmed: { atLeast: 1000 }, contradicted: { atMost: 10 }, unit: "x" },
    { id: "floor", statement: "f16, ε = 1e-4: longest step over the rate", confirmed: { atMost: 20 }, contradicted: { atLeast: 1000 }, unit: "x" },
  ],
  requires: "shader-f16",
  cells: () => grid({ kind: kinds, gradient: sizes, seed: seeds }),
  measure: (cell, { device, size }) => measure(cell, device, count[size]),
  conclude: (measured) => {
    const of = (kind: Kind, gradient: number): Row[] => measured.filter(({ cell }) => cell.kind === kind && cell.gradient === gradient);
    const longest = (kind: Kind, gradient: number) => of(kind, gradient).map(({ result }) => result.longest);
    const values = { f32: longest(kinds[0], judged), bursts: longest(kinds[1], judged), floor: longest(kinds[2], judged) };
    const text = (list: readonly number[]) => median(list).toPrecision(2);
    return {
      values,
      summary: `With gradients of ${judged} the longest of ${steps} steps was ${text(values.f32)} times the rate with a second moment in f32, ${text(values.bursts)} times in f16 with ε = 1e-8 and ${text(values.floor)} times with ε = 1e-4; ${(100 * median(of(kinds[1], judged).map(({ result }) => result.zero))).toFixed(0)} % of the moments in f16 were zero.`,
      advice: `Keep Adam's moments in f32, as Kiln does. Where they must be f16, scale the loss up and raise ε to about 1e-4: with 1e-8 a step was up to ${text(values.bursts)} times the rate.`,
      charts: [
        {
          ...{ kind: "lines", title: "Longest step over the rate, by the size of gradients", x: { name: "gradient", log: true }, y: { name: "times the rate", log: true } },
          series: kinds.map((kind) => ({ name: kind, points: sizes.map((gradient) => [gradient, median(longest(kind, gradient))] as const), band: sizes.map((gradient) => [gradient, Math.min(...longest(kind, gradient)), Math.max(...longest(kind, gradient))] as const) })),
        },
      ],
      tables: [{ title: "Longest steps", columns: ["second moment", "gradient", "seed", "longest step", "share of zeros"], rows: measured.map(({ cell, result }) => [cell.kind, cell.gradient, cell.seed, result.longest, result.zero]) }],
    };
  },
});
