// Regression data from a network with random weights: as many examples as wanted, of a function that is known.
import { Generator } from "kiln-gpu";

/** y = V tanh(U x), row-major: U [hidden, inputs], V [outputs, hidden]. For standard normal x the outputs' variance is about 1. */
export interface Teacher {
  inputs: number;
  hidden: number;
  outputs: number;
  features: Float32Array;
  answers: Float32Array;
}

/** Standard deviation of U x: 1.5 bends every tanh without making it a switch. */
const gain = 1.5;
/** tanh(1.5 z)² on average over standard normal z. */
const featurePower = 0.546;

export function teacher(sizes: Pick<Teacher, "inputs" | "hidden" | "outputs">, random: Generator): Teacher {
  const { inputs, hidden, outputs } = sizes;
  return { ...sizes, features: drawn(hidden * inputs, gain / Math.sqrt(inputs), random), answers: drawn(outputs * hidden, 1 / Math.sqrt(hidden * featurePower), random) };
}

/** Another task on features that are the first one's turned by `angle` (0: the same, pi / 2: unrelated), with answers of its own. */
export function relative(of: Teacher, angle: number, random: Generator): Teacher {
  const fresh = teacher(of, random);
  return { ...fresh, features: of.features.map((weight, i) => Math.cos(angle) * weight + Math.sin(angle) * fresh.features[i]!) };
}

export interface Examples {
  count: number;
  inputs: number;
  outputs: number;
  x: Float32Array;
  y: Float32Array;
}

export interface ExampleOptions {
  count: number;
  /** Standard deviation of what is added to the answers: one number, or one for each output. 0 by default. */
  noise?: number | readonly number[];
  /** Standard deviation of the inputs: one number, or one for each example. 1 by default. */
  scale?: number | readonly number[];
  random: Generator;
}

export function examples({ inputs, hidden, outputs, features, answers }: Teacher, { count, noise = 0, scale = 1, random }: ExampleOptions): Examples {
  const at = (value: number | readonly number[], i: number) => (typeof value === "number" ? value : value[i]!);
  const x = drawn(count * inputs, 1, random).map((value, i) => value * at(scale, Math.floor(i / inputs)));
  const y = drawn(count * outputs, 1, random).map((value, i) => value * at(noise, i % outputs));
  const active = new Float64Array(hidden);
  for (let row = 0; row < count; row++) {
    for (let unit = 0; unit < hidden; unit++) {
      let sum = 0;
      for (let i = 0; i < inputs; i++) sum += features[unit * inputs + i]! * x[row * inputs + i]!;
      active[unit] = Math.tanh(sum);
    }
    for (let output = 0; output < outputs; output++) {
      let sum = y[row * outputs + output]!;
      for (let unit = 0; unit < hidden; unit++) sum += answers[output * hidden + unit]! * active[unit]!;
      y[row * outputs + output] = sum;
    }
  }
  return { count, inputs, outputs, x, y };
}

/** What a captured step is fed: host arrays with their shapes. */
export interface BatchValues {
  x: { values: Float32Array; shape: [number, number] };
  y: { values: Float32Array; shape: [number, number] };
}

/** All examples as one batch, or those of some rows. */
export function batchOf({ count, inputs, outputs, x, y }: Examples, rows?: ArrayLike<number>): BatchValues {
  if (!rows) return { x: { values: x, shape: [count, inputs] }, y: { values: y, shape: [count, outputs] } };
  return { x: { values: gathered(x, rows, inputs), shape: [rows.length, inputs] }, y: { values: gathered(y, rows, outputs), shape: [rows.length, outputs] } };
}

/** Batches of rows drawn with replacement, the same for the same seed in whatever order they are asked for. */
export function drawnBatches(from: Examples, { steps, size, seed }: { steps: number; size: number; seed: number }): (t: number) => BatchValues {
  const rows = new Generator(seed).integers(steps * size, from.count);
  return (t) => batchOf(from, rows.subarray(t * size, (t + 1) * size));
}

/** Mean square of the answers: the loss of who always says 0. */
export function power({ y }: Examples): number {
  return y.reduce((sum, value) => sum + value * value, 0) / y.length;
}

function drawn(count: number, std: number, random: Generator): Float32Array {
  return random.normal(count).map((value) => value * std);
}

function gathered(values: Float32Array, rows: ArrayLike<number>, width: number): Float32Array {
  const out = new Float32Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) out.set(values.subarray(rows[i]! * width, (rows[i]! + 1) * width), i * width);
  return out;
}
