import { feedForward } from "../../src/ops/feed_forward.js";
import { linear, type LinearActivation } from "../../src/ops/linear.js";
import { Generator } from "../../src/tensor/random.js";
import { nd, type Nd } from "../support/nd.js";
import type { InputSpec, OpCase } from "../support/op_cases.js";
import { hostKeeps } from "./dropout.js";
import { erf } from "./unary.js";

const seed = 77;

/** In float64. */
export const activations: Record<LinearActivation, (x: number) => number> = {
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  geluTanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  silu: (x) => x / (1 + Math.exp(-x)),
  relu: (x) => Math.max(x, 0),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};

/** x Wᵀ + b. */
export function linearReference(x: Nd, weight: Nd, bias?: Nd): Nd {
  const [outputs, inputs] = weight.shape as [number, number];
  const y = nd([...x.shape.slice(0, -1), outputs], () => 0);
  for (let row = 0; row * outputs < y.data.length; row++) {
    for (let o = 0; o < outputs; o++) {
      let sum = bias ? bias.data[o]! : 0;
      for (let i = 0; i < inputs; i++) sum += x.data[row * inputs + i]! * weight.data[o * inputs + i]!;
      y.data[row * outputs + o] = sum;
    }
  }
  return y;
}

function linearCase(x: readonly number[], outputs: number, bias: boolean, gradient = true): OpCase {
  const inputs = x[x.length - 1]!;
  return {
    name: `linear [${x}] -> ${outputs}${bias ? " + bias" : ""}`,
    inputs: [{ shape: x }, { shape: [outputs, inputs] }, ...(bias ? [{ shape: [outputs] }] : [])],
    run: ([x, weight, bias]) => linear(x!, weight!, bias ?? null),
    reference: ([x, weight, bias]) => linearReference(x!, weight!, bias),
    tolerance: "matmul",
    gradient,
  };
}

export const linearCases: OpCase[] = [
  linearCase([1, 1], 1, true),
  linearCase([6], 5, true),
  linearCase([3, 7], 4, false),
  linearCase([27, 8], 12, true),
  linearCase([2, 13, 16], 9, true),
  linearCase([2, 3, 5, 4], 8, true),
  // Enough rows for the two passes of the bias's gradient.
  linearCase([300, 3], 2, true),
  linearCase([1100, 2], 8, true),
  linearCase([768, 128], 512, true, false),
];

/** What follows x Wᵀ + b. */
interface Ending {
  activation?: LinearActivation;
  /** p of a dropout. */
  dropout?: number;
  /** "x" for the layer's own input. */
  residual?: boolean | "x";
}

function ended(z: Nd, { activation, dropout }: Ending, residual?: Nd): Nd {
  return nd(z.shape, (i) => {
    const value = activation ? activations[activation](z.data[i]!) : z.data[i]!;
    const kept = dropout === undefined ? value : hostKeeps(i, dropout, { seed, offset: 0 }) ? value / (1 - dropout) : 0;
    return kept + (residual ? residual.data[i]! : 0);
  });
}

function nameOf({ activation, dropout, residual }: Ending, bias: boolean): string {
  return [bias && "bias", activation, dropout !== undefined && `dropout ${dropout}`, residual && `residual${residual === "x" ? " x" : ""}`].filter(Boolean).join(", ");
}

const dropoutOf = (p: number | undefined) => (p === undefined ? null : { p, generator: new Generator(seed) });
/** Away from the kink of relu by more than the steps of the differences. */
const small: NonNullable<InputSpec["values"]> = (random) => 0.5 * random.normal();

/** Those that the case has. */
function specs(...all: (InputSpec | false | undefined)[]): InputSpec[] {
  return all.filter((spec): spec is InputSpec => Boolean(spec));
}

function endedCase(x: readonly number[], outputs: number, bias: boolean, ending: Ending): OpCase {
  const inputs = x[x.length - 1]!;
  const { activation = null, dropout, residual } = ending;
  const y = [...x.slice(0, -1), outputs];
  const own = residual === "x";
  return {
    name: `linear [${x}] -> ${outputs} with ${nameOf(ending, bias)}`,
    inputs: specs({ shape: x }, { shape: [outputs, inputs], values: small }, bias && { shape: [outputs] }, residual && !own && { shape: y }),
    run: ([x, weight, ...rest]) => linear(x!, weight!, bias ? rest[0]! : null, { activation, dropout: dropoutOf(dropout), residual: own ? x! : residual ? rest[rest.length - 1]! : null }),
    reference: ([x, weight, ...rest]) => ended(linearReference(x!, weight!, bias ? rest[0] : undefined), ending, own ? x : residual ? rest[rest.length - 1] : undefined),
    tolerance: "matmul",
  };
}

const names = Object.keys(activations) as LinearActivation[];

export const linearEndingCases: OpCase[] = [
  // Every part alone and all together, on both the fours and the single columns of the kernels' ends.
  ...[4, 5].flatMap((outputs) =>
    [true, false].flatMap((bias) =>
      [undefined, "gelu" as const, "relu" as const].flatMap((activation) =>
        [undefined, 0.4].flatMap((dropout) =>
          [false, true].map((residual) => endedCase([3, 6], outputs, bias, { ...(activation && { activation }), ...(dropout !== undefined && { dropout }), residual })),
        ),
      ),
    ),
  ),
  ...names.flatMap((activation) => [endedCase([5, 7], 9, true, { activation }), endedCase([2, 3, 4], 8, false, { activation, dropout: 0.3, residual: true })]),
  // A subgroup's tiles: one row more than a tile, and columns over several.
  endedCase([17, 5], 68, true, { activation: "silu", dropout: 0.2, residual: true }),
  endedCase([33, 9], 67, true, { activation: "tanh", dropout: 0.2, residual: true }),
  endedCase([11, 12], 12, true, { activation: "gelu", dropout: 0.5, residual: "x" }),
  endedCase([2, 9, 6], 6, false, { residual: "x" }),
  endedCase([3], 4, true, { activation: "relu", residual: true }),
  // Both gradients in one launch, on software adapters.
  endedCase([33, 64], 17, true, { activation: "sigmoid", dropout: 0.2, residual: true }),
  endedCase([17, 32], 32, false, { residual: "x" }),
];

function feedForwardCase(x: readonly number[], hidden: number, outputs: number, bias: boolean, activation: LinearActivation, { dropout, residual }: Ending = {}): OpCase {
  const inputs = x[x.length - 1]!;
  const y = [...x.slice(0, -1), outputs];
  const own = residual === "x";
  const parts = (all: readonly (Nd | undefined)[]) => ({ b1: bias ? all[3] : undefined, b2: bias ? all[4] : undefined, r: own ? all[0] : residual ? all[bias ? 5 : 3] : undefined });
  return {
    name: `feedForward [${x}] -> ${hidden} -> ${outputs} with ${nameOf({ activation, ...(dropout !== undefined && { dropout }), ...(residual && { residual }) }, bias)}`,
    inputs: specs(
      { shape: x },
      { shape: [hidden, inputs], values: small },
      { shape: [outputs, hidden], values: small },
      bias && { shape: [hidden] },
      bias && { shape: [outputs] },
      residual && !own && { shape: y },
    ),
    run: ([x, w1, w2, ...rest]) =>
      feedForward(x!, w1!, bias ? rest[0]! : null, w2!, bias ? rest[1]! : null, { activation, dropout: dropoutOf(dropout), residual: own ? x! : residual ? rest[rest.length - 1]! : null }),
    reference: (all) => {
      const { b1, b2, r } = parts(all);
      return ended(linearReference(ended(linearReference(all[0]!, all[1]!, b1), { activation }), all[2]!, b2), dropout === undefined ? {} : { dropout }, r);
    },
    tolerance: "matmul",
  };
}

export const feedForwardCases: OpCase[] = [
  feedForwardCase([1, 1], 1, 1, true, "gelu"),
  feedForwardCase([4], 8, 4, true, "gelu"),
  ...names.flatMap((activation) => [
    feedForwardCase([5, 4], 7, 3, true, activation),
    feedForwardCase([2, 3, 4], 8, 4, false, activation, { dropout: 0.3, residual: true }),
    feedForwardCase([6, 5], 9, 5, true, activation, { dropout: 0.5, residual: "x" }),
  ]),
  feedForwardCase([17, 8], 33, 8, true, "gelu", { residual: true }),
  feedForwardCase([35, 4], 68, 12, true, "relu", { dropout: 0.1, residual: true }),
  feedForwardCase([3, 8], 32, 8, false, "gelu"),
  // Both gradients in one launch, on software adapters.
  feedForwardCase([33, 64], 68, 17, true, "gelu", { dropout: 0.2 }),
  feedForwardCase([17, 64], 64, 64, false, "relu", { residual: "x" }),
];
