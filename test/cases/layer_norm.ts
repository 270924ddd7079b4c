import { less } from "../../src/ops/compare.js";
import { layerNorm, rmsNorm } from "../../src/ops/layer_norm.js";
import { abs } from "../../src/ops/unary.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { nd, type Nd } from "../support/nd.js";
import type { InputSpec, OpCase } from "../support/op_cases.js";

export interface RowNormReference {
  weight?: Nd | null;
  bias?: Nd | null;
  eps: number;
  center: boolean;
  /** Values in a row; those of the last axis by default. */
  cols?: number;
}

export function rowNormReference(x: Nd, { weight, bias, eps, center, cols = x.shape[x.shape.length - 1]! }: RowNormReference): Nd {
  const y = nd(x.shape, () => 0);
  for (let start = 0; start < x.data.length; start += cols) {
    const row = x.data.subarray(start, start + cols);
    const mean = center ? row.reduce((a, b) => a + b, 0) / cols : 0;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / cols;
    row.forEach((value, j) => (y.data[start + j] = ((value - mean) / Math.sqrt(variance + eps)) * (weight?.data[j] ?? 1) + (bias?.data[j] ?? 0)));
  }
  return y;
}

/** Around the workgroup of 16 rows and of 64 lanes, fours and not, primes, several chunks of rows. */
export const rowNormShapes = [[1], [7], [1, 2], [3, 5], [15, 8], [16, 3], [17, 31], [2, 63], [3, 64], [2, 5, 65], [5, 256], [4, 257], [70, 12], [131, 6]];

const around: NonNullable<InputSpec["values"]> = (random) => 1 + 0.5 * random.normal();

interface Variant {
  weight: boolean;
  bias: boolean;
  center: boolean;
  dims?: number;
}

function affine(shape: readonly number[], { weight, bias, center, dims = 1 }: Variant): OpCase {
  const normalized = shape.slice(shape.length - dims);
  const cols = normalized.reduce((a, b) => a * b, 1);
  const pick = <T>(inputs: readonly T[]) => ({ x: inputs[0]!, weight: weight ? inputs[1]! : null, bias: bias ? inputs[weight ? 2 : 1]! : null });
  return {
    name: `${center ? "layerNorm" : "rmsNorm"} [${shape}]${weight ? ", weight" : ""}${bias ? ", bias" : ""}${dims > 1 ? `, ${dims} dimensions` : ""}`,
    inputs: [{ shape }, ...(weight ? [{ shape: normalized, values: around }] : []), ...(bias ? [{ shape: normalized }] : [])],
    run: (inputs: Tensor[]) => {
      const { x, weight, bias } = pick(inputs);
      return center ? layerNorm(x, weight, bias, { normalizedDims: dims }) : rmsNorm(x, weight, { normalizedDims: dims });
    },
    reference: (inputs) => {
      const { x, weight, bias } = pick(inputs);
      return rowNormReference(x, { weight, bias, eps: center ? 1e-5 : 1e-6, center, cols });
    },
    tolerance: "reduction",
    // One value is its own mean, two come out as -1 and 1.
    zeroGradient: cols <= 2,
  };
}

const layerNormCases = [
  ...rowNormShapes.map((shape) => affine(shape, { weight: true, bias: true, center: true })),
  ...[[3, 5], [5, 8]].flatMap((shape) => [
    affine(shape, { weight: false, bias: false, center: true }),
    affine(shape, { weight: true, bias: false, center: true }),
    affine(shape, { weight: false, bias: true, center: true }),
  ]),
  affine([3, 4, 5], { weight: true, bias: true, center: true, dims: 2 }),
  affine([3, 2, 5], { weight: true, bias: true, center: true, dims: 3 }),
];

const rmsNormCases = [
  ...rowNormShapes.filter(([cols]) => cols !== 1).map((shape) => affine(shape, { weight: true, bias: false, center: false })),
  affine([3, 5], { weight: false, bias: false, center: false }),
  affine([5, 8], { weight: false, bias: false, center: false }),
  affine([3, 4, 5], { weight: true, bias: false, center: false, dims: 2 }),
];

const forwardOnly: OpCase[] = [
  ...[64, 67, 3000].map((cols): OpCase => ({
    name: `layerNorm [5, ${cols}] of values of 1e4 with a deviation of 1`,
    inputs: [{ shape: [5, cols], values: (random) => 1e4 + random.normal() }],
    run: ([x]) => layerNorm(x!),
    reference: ([x]) => rowNormReference(x!, { eps: 1e-5, center: true }),
    tolerance: "reduction",
    gradient: false,
  })),
  {
    name: "layerNorm of a constant row is the bias",
    inputs: [{ shape: [3, 8], values: (_, i) => [5, -2e4, 0][Math.floor(i / 8)]! }, { shape: [8] }, { shape: [8] }],
    run: ([x, weight, bias]) => layerNorm(x!, weight!, bias!),
    reference: ([x, , bias]) => nd(x!.shape, (i) => bias!.data[i % 8]!),
    tolerance: "exact",
    gradient: false,
  },
  {
    name: "layerNorm of equal values of 3e9: variance 0, rounding errors far above eps",
    inputs: [{ shape: [3, 21], values: () => 1e10 / 3 }],
    // Nothing but rounding is left, less than the unit that a normal value has.
    run: ([x]) => less(abs(layerNorm(x!)), 0.1),
    reference: ([x]) => nd(x!.shape, () => 1),
    tolerance: "exact",
    gradient: false,
  },
  {
    name: "layerNorm past 65,535 workgroups of rows",
    inputs: [{ shape: [16 * 65535 + 17, 2], values: (random, i) => (i % 2) + 0.25 * random.uniform() }],
    run: ([x]) => layerNorm(x!, null, null, { eps: 0.1 }),
    reference: ([x]) => rowNormReference(x!, { eps: 0.1, center: true }),
    tolerance: "reduction",
    gradient: false,
  },
];

export const rowNormCases: OpCase[] = [...layerNormCases, ...rmsNormCases, ...forwardOnly];
