import { matmul } from "../../src/ops/matmul.js";
import { eachIndex, nd, type Nd } from "../support/nd.js";
import type { InputSpec, OpCase } from "../support/op_cases.js";

interface Flags {
  transposeA?: boolean;
  transposeB?: boolean;
}

/** PyTorch's matmul, then + bias along the last axis. Plain loops over every output and term. */
export function matmulReference(a: Nd, b: Nd, { transposeA = false, transposeB = false }: Flags, bias?: Nd): Nd {
  const left = a.shape.length === 1 ? [1, a.shape[0]!] : a.shape;
  const right = b.shape.length === 1 ? [b.shape[0]!, 1] : b.shape;
  const [aRows, aCols] = left.slice(-2) as [number, number];
  const [bRows, bCols] = right.slice(-2) as [number, number];
  const m = transposeA ? aCols : aRows;
  const k = transposeA ? aRows : aCols;
  const n = transposeB ? bRows : bCols;
  const rank = Math.max(left.length, right.length) - 2;
  const extent = (shape: readonly number[], axis: number) => shape.slice(0, -2)[axis - rank + shape.length - 2] ?? 1;
  const batch = Array.from({ length: rank }, (_, axis) => (extent(left, axis) === 1 ? extent(right, axis) : extent(left, axis)));
  const matrixAt = (shape: readonly number[], index: readonly number[]) => {
    let at = 0;
    for (let axis = 0; axis < rank; axis++) at = at * extent(shape, axis) + (extent(shape, axis) === 1 ? 0 : index[axis]!);
    return at;
  };
  const y = nd([...batch, ...(a.shape.length === 1 ? [] : [m]), ...(b.shape.length === 1 ? [] : [n])], () => 0);
  eachIndex(batch, (index, flat) => {
    const aAt = matrixAt(left, index) * m * k;
    const bAt = matrixAt(right, index) * k * n;
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = bias ? bias.data[j]! : 0;
        for (let p = 0; p < k; p++) {
          sum += a.data[aAt + (transposeA ? p * m + i : i * k + p)]! * b.data[bAt + (transposeB ? j * k + p : p * n + j)]!;
        }
        y.data[(flat * m + i) * n + j] = sum;
      }
    }
  });
  return y;
}

function matmulCase(a: readonly number[], b: readonly number[], flags: Flags & { bias?: number; gradient?: boolean } = {}): OpCase {
  const { bias, gradient = true, ...transposes } = flags;
  const inputs: InputSpec[] = [{ shape: a }, { shape: b }, ...(bias === undefined ? [] : [{ shape: [bias] }])];
  const one: OpCase = {
    name: `matmul [${a}] x [${b}] ${transposes.transposeA ? "T" : "N"}${transposes.transposeB ? "T" : "N"}${bias === undefined ? "" : " + bias"}`,
    inputs,
    run: ([a, b, bias]) => matmul(a!, b!, { ...transposes, bias: bias ?? null }),
    reference: ([a, b, bias]) => matmulReference(a!, b!, transposes, bias),
    tolerance: "matmul",
    gradient,
  };
  // Sums of no terms do not depend on the operands.
  if ([...a, ...b].includes(0)) one.zeroGradient = true;
  return one;
}

const transposes: Flags[] = [{}, { transposeB: true }, { transposeA: true }, { transposeA: true, transposeB: true }];

function stored(rows: number, cols: number, transposed: boolean | undefined): number[] {
  return transposed ? [cols, rows] : [rows, cols];
}

const sizes = [
  [1, 1, 1],
  [3, 5, 7],
  [4, 4, 4],
  [5, 9, 1],
  [7, 8, 9],
  [8, 8, 8],
  [9, 12, 16],
  [31, 33, 13],
  [65, 12, 31],
] as const;

export const matmulCases: OpCase[] = [
  matmulCase([5], [5]),
  matmulCase([1], [1]),
  matmulCase([300], [300], { gradient: false }),
  matmulCase([4], [4, 6]),
  matmulCase([4, 6], [6]),
  matmulCase([4], [2, 4, 3]),
  matmulCase([2, 3, 4], [4]),
  ...sizes.flatMap(([m, n, k]) =>
    transposes.map((flags) => matmulCase(stored(m, k, flags.transposeA), stored(k, n, flags.transposeB), flags)),
  ),
  matmulCase([33, 12], [12, 17], { bias: 17 }),
  matmulCase([33, 12], [17, 12], { bias: 17, transposeB: true }),
  matmulCase([2, 7, 4], [4, 8], { bias: 8 }),
  matmulCase([2, 3, 5], [2, 5, 4], { bias: 4 }),
  // Batches: equal, one operand repeated, both repeated on different axes, more axes than a launch walks.
  ...transposes.flatMap((flags) => [
    matmulCase([3, ...stored(5, 4, flags.transposeA)], [3, ...stored(4, 6, flags.transposeB)], flags),
    matmulCase([3, ...stored(5, 4, flags.transposeA)], stored(4, 6, flags.transposeB), flags),
    matmulCase(stored(5, 4, flags.transposeA), [3, ...stored(4, 6, flags.transposeB)], flags),
    matmulCase([3, 1, ...stored(3, 4, flags.transposeA)], [1, 2, ...stored(4, 2, flags.transposeB)], flags),
    matmulCase([2, 1, 2, ...stored(30, 3, flags.transposeA)], [3, 1, ...stored(3, 5, flags.transposeB)], flags),
  ]),
  matmulCase([2, 1, 2, 1, 2, 3], [1, 3, 1, 2, 3, 2]),
  matmulCase([2, 3, 1, 29, 5], [2, 1, 2, 5, 7]),
  matmulCase([2, 1, 2, 1, 27, 3], [1, 3, 1, 2, 3, 8]),
  // Nothing to do, and nothing to add.
  matmulCase([0, 3], [3, 2]),
  matmulCase([3, 0], [0, 2]),
  matmulCase([3, 0], [0, 2], { bias: 2 }),
  matmulCase([3, 2], [2, 0]),
  matmulCase([0, 3, 2], [2, 4]),
  matmulCase([0, 2, 3], [2, 4], { transposeA: true }),
  matmulCase([1, 3, 2], [0, 2, 4]),
  matmulCase([0], [0]),
  // Long sums, and the shapes of a small transformer's layers.
  matmulCase([3, 4096], [4096, 2], { gradient: false }),
  matmulCase([64, 128], [65, 128], { transposeB: true, bias: 65, gradient: false }),
  matmulCase([512, 65], [512, 33], { transposeA: true, gradient: false }),
  matmulCase([8, 64, 32], [8, 64, 32], { transposeB: true, gradient: false }),
  matmulCase([1, 128], [129, 128], { transposeB: true, gradient: false }),
  matmulCase([65536 * 8 + 8, 1], [1, 5], { gradient: false }),
];
