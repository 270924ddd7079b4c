import * as k from "../../src/ops/index.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { nd, type testRandom } from "../support/nd.js";
import type { OpCase } from "../support/op_cases.js";
import type { ToleranceClass } from "../support/tolerances.js";

type Draw = (random: ReturnType<typeof testRandom>, index: number) => number;

interface Unary {
  name: string;
  run(x: Tensor): Tensor;
  /** In float64. */
  f(x: number): number;
  tolerance: ToleranceClass;
  /** By default normal times 2. */
  draw?: Draw;
  gradient?: boolean;
  zeroGradient?: boolean;
}

/** erf to 1e-15: its series, and past 3 the continued fraction of erfc. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 3) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 120; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = a;
  for (let n = 60; n > 0; n--) fraction = a + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-a * a) / fraction / Math.sqrt(Math.PI));
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const roundHalfEven = (x: number) => {
  const below = Math.floor(x);
  const rest = x - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
};

const normal: Draw = (random) => random.normal() * 2;
const positive: Draw = (random) => Math.exp(random.normal());
/** At least 0.1 away from the kinks at whole numbers, halves and 0. */
const awayFromKinks: Draw = (random) => random.integer(9) - 4 + 0.15 + 0.2 * random.uniform();

export const unaries: Unary[] = [
  { name: "neg", run: k.neg, f: (x) => -x, tolerance: "exact" },
  { name: "abs", run: k.abs, f: Math.abs, tolerance: "exact", draw: awayFromKinks },
  { name: "sign", run: k.sign, f: Math.sign, tolerance: "exact", draw: awayFromKinks, zeroGradient: true },
  { name: "floor", run: k.floor, f: Math.floor, tolerance: "exact", draw: awayFromKinks, zeroGradient: true },
  { name: "ceil", run: k.ceil, f: Math.ceil, tolerance: "exact", draw: awayFromKinks, zeroGradient: true },
  { name: "round", run: k.round, f: roundHalfEven, tolerance: "exact", draw: awayFromKinks, zeroGradient: true },
  { name: "reciprocal", run: k.reciprocal, f: (x) => 1 / x, tolerance: "arithmetic", draw: (random) => (random.uniform() - 0.5 > 0 ? 1 : -1) * positive(random, 0) },
  { name: "sqrt", run: k.sqrt, f: Math.sqrt, tolerance: "arithmetic", draw: positive },
  { name: "rsqrt", run: k.rsqrt, f: (x) => 1 / Math.sqrt(x), tolerance: "arithmetic", draw: positive },
  { name: "exp", run: k.exp, f: Math.exp, tolerance: "transcendental" },
  { name: "log", run: k.log, f: Math.log, tolerance: "arithmetic", draw: positive },
  { name: "sin", run: k.sin, f: Math.sin, tolerance: "arithmetic" },
  { name: "cos", run: k.cos, f: Math.cos, tolerance: "arithmetic" },
  { name: "tanh", run: k.tanh, f: Math.tanh, tolerance: "transcendental" },
  { name: "erf", run: k.erf, f: erf, tolerance: "arithmetic" },
  { name: "relu", run: k.relu, f: (x) => Math.max(x, 0), tolerance: "exact" },
  { name: "sigmoid", run: k.sigmoid, f: sigmoid, tolerance: "transcendental" },
  { name: "silu", run: k.silu, f: (x) => x * sigmoid(x), tolerance: "transcendental" },
  { name: "gelu", run: (x) => k.gelu(x), f: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)), tolerance: "transcendental" },
  {
    name: "gelu tanh",
    run: (x) => k.gelu(x, { approximate: "tanh" }),
    f: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    tolerance: "transcendental",
  },
  { name: "leakyRelu", run: (x) => k.leakyRelu(x), f: (x) => (x < 0 ? 0.01 * x : x), tolerance: "arithmetic" },
  { name: "leakyRelu slope 0.3", run: (x) => k.leakyRelu(x, { negativeSlope: 0.3 }), f: (x) => (x < 0 ? 0.3 * x : x), tolerance: "arithmetic" },
  { name: "elu", run: (x) => k.elu(x), f: (x) => (x < 0 ? Math.expm1(x) : x), tolerance: "transcendental" },
  { name: "elu alpha 2.5", run: (x) => k.elu(x, { alpha: 2.5 }), f: (x) => (x < 0 ? 2.5 * Math.expm1(x) : x), tolerance: "transcendental" },
  { name: "softplus", run: (x) => k.softplus(x), f: (x) => Math.log1p(Math.exp(x)), tolerance: "transcendental" },
  { name: "softplus beta 3", run: (x) => k.softplus(x, { beta: 3 }), f: (x) => Math.log1p(Math.exp(3 * x)) / 3, tolerance: "transcendental" },
  { name: "clamp to [-1, 0.5]", run: (x) => k.clamp(x, { min: -1, max: 0.5 }), f: (x) => Math.min(Math.max(x, -1), 0.5), tolerance: "exact", draw: (random) => random.normal() },
  { name: "clamp from 0.25", run: (x) => k.clamp(x, { min: 0.25 }), f: (x) => Math.max(x, 0.25), tolerance: "exact" },
  { name: "clamp up to 0.25", run: (x) => k.clamp(x, { max: 0.25 }), f: (x) => Math.min(x, 0.25), tolerance: "exact" },
  // With a number beside the tensor.
  { name: "x + 0.5", run: (x) => k.add(x, 0.5), f: (x) => x + 0.5, tolerance: "arithmetic" },
  { name: "0.5 + x", run: (x) => k.add(0.5, x), f: (x) => x + 0.5, tolerance: "arithmetic" },
  { name: "x - 0.5", run: (x) => k.sub(x, 0.5), f: (x) => x - 0.5, tolerance: "arithmetic" },
  { name: "0.5 - x", run: (x) => k.sub(0.5, x), f: (x) => 0.5 - x, tolerance: "arithmetic" },
  { name: "x * -3", run: (x) => k.mul(x, -3), f: (x) => x * -3, tolerance: "arithmetic" },
  { name: "-3 * x", run: (x) => k.mul(-3, x), f: (x) => x * -3, tolerance: "arithmetic" },
  { name: "x / 3", run: (x) => k.div(x, 3), f: (x) => x / 3, tolerance: "arithmetic" },
  { name: "3 / x", run: (x) => k.div(3, x), f: (x) => 3 / x, tolerance: "arithmetic", draw: positive },
  { name: "maximum(x, 0.2)", run: (x) => k.maximum(x, 0.2), f: (x) => Math.max(x, Math.fround(0.2)), tolerance: "exact" },
  { name: "minimum(0.2, x)", run: (x) => k.minimum(0.2, x), f: (x) => Math.min(x, Math.fround(0.2)), tolerance: "exact" },
  ...[0, 1, 2, 3, -1, -2, 7, 31].map((n): Unary => ({
    name: `pow(x, ${n})`,
    run: (x) => k.pow(x, n),
    f: (x) => x ** n,
    tolerance: "transcendental",
    draw: (random) => (0.5 + random.uniform()) * (random.uniform() < 0.5 ? -1 : 1),
    zeroGradient: n === 0,
  })),
  ...[0.5, -0.5, 2.4, 45, 1 / 3].map((n): Unary => ({
    name: `pow(x, ${n})`,
    run: (x) => k.pow(x, n),
    f: (x) => x ** Math.fround(n),
    tolerance: "transcendental",
    draw: (random) => 0.5 + random.uniform(),
  })),
];

function caseOf(one: Unary, shape: number[], gradient = true): OpCase {
  return {
    name: `${one.name} [${shape}]`,
    inputs: [{ shape, values: one.draw ?? normal }],
    run: ([x]) => one.run(x!),
    reference: ([x]) => nd(x!.shape, x!.data.map(one.f)),
    tolerance: one.tolerance,
    zeroGradient: one.zeroGradient ?? false,
    gradient,
  };
}

const named = (name: string) => unaries.find((one) => one.name === name)!;

export const unaryCases: OpCase[] = [
  ...unaries.map((one) => caseOf(one, [3, 43])),
  // Packs of 4, a workgroup of 64 packs, and one sweep of a software adapter's grid: 32 workgroups.
  ...["sigmoid", "clamp to [-1, 0.5]", "3 / x"].flatMap((name) =>
    [[], [1], [3], [4], [5], [255], [256], [257], [8191], [8193], [2, 0, 3]].map((shape) => caseOf(named(name), shape)),
  ),
  ...["relu", "x * -3", "clamp from 0.25"].map((name) => caseOf(named(name), [65535 * 64 + 1], false)),
];
