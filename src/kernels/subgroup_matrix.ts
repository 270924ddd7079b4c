// Whether and how a product goes to the adapter's matrix units: shaders/matmul_subgroup_matrix.wgsl.
import type { SubgroupMatrix } from "../gpu/adapter.js";
import type { Specialisation } from "../gpu/shader_source.js";
import type { MatmulLayout } from "./matmul_layout.js";

/** What the choice depends on of a device. */
export interface MatrixUnits {
  subgroupMatrices: readonly SubgroupMatrix[];
  subgroupMaxSize: number;
  /** Largest workgroup. */
  invocations: number;
}

export interface SubgroupMatrixPlan {
  /** Outputs of a workgroup's tile. */
  rows: number;
  cols: number;
  how: Required<Pick<Specialisation, "constants" | "consts" | "types">>;
}

/** Outputs of a subgroup along each side: the matrices must divide it. */
const ownSize = 32;
/** Of k that is in workgroup memory at once, so that both operands and the sums take at most 16 KiB. */
const slices = { f16: 32, f32: 16 };
/** Below this, tiles would be mostly padding. */
const leastSize = 16;

/**
 * The plan for operands of f16 (where either is, the other is rounded to it) or f32; null where the units cannot make the
 * product, or sum in less than f32.
 */
export function planSubgroupMatrix(units: MatrixUnits, layout: MatmulLayout, halves: boolean): SubgroupMatrixPlan | null {
  if (!isPacked(layout) || layout.m < leastSize || layout.n < leastSize) return null;
  const matrix = matrixFor(units.subgroupMatrices, halves);
  const owners = ownersFor(units);
  if (!matrix || !owners) return null;
  const staged = matrix.operands as keyof typeof slices;
  const rows = ownSize * owners.m;
  // A lane for each row of the tile, for their sums. Subgroups beyond the owners help to load.
  const subgroups = Math.max(owners.m * owners.n, Math.ceil(rows / units.subgroupMaxSize));
  return {
    rows,
    cols: ownSize * owners.n,
    how: {
      consts: { M: matrix.m, N: matrix.n, K: matrix.k, SLICE: slices[staged], OWNERS_M: owners.m, OWNERS_N: owners.n },
      constants: { WORKGROUP: subgroups * units.subgroupMaxSize, A_ALONG_K: layout.aCol === 1, B_ALONG_K: layout.bRow === 1 },
      types: { Staged: staged },
    },
  };
}

/** The largest matrices that fit. f16 where an operand is f16 already, else f32: which also holds every f16. */
function matrixFor(matrices: readonly SubgroupMatrix[], halves: boolean): SubgroupMatrix | null {
  const fits = (operands: keyof typeof slices) =>
    matrices
      .filter(({ m, n, k, ...matrix }) => matrix.operands === operands && matrix.sums === "f32" && ownSize % m === 0 && ownSize % n === 0 && slices[operands] % k === 0)
      .sort((x, y) => y.m * y.n * y.k - x.m * x.n * x.k);
  return (halves ? fits("f16")[0] : undefined) ?? fits("f32")[0] ?? null;
}

/** WebGPU wants workgroups of whole subgroups, however large those may get. */
function ownersFor({ subgroupMaxSize, invocations }: MatrixUnits): { m: number; n: number } | null {
  const fit = Math.floor(invocations / subgroupMaxSize);
  if (fit >= 4) return { m: 2, n: 2 };
  if (fit >= 2) return { m: 2, n: 1 };
  return fit === 1 ? { m: 1, n: 1 } : null;
}

/** Whether both operands can be read as vec4s along the axis that is contiguous in memory. */
function isPacked({ m, n, k, aRow, aCol, bRow, bCol, batch }: MatmulLayout): boolean {
  const fours = (...values: number[]) => values.every((value) => value % 4 === 0);
  const a = aCol === 1 ? fours(k, aRow) : aRow === 1 && fours(m, aCol);
  const b = bCol === 1 ? fours(n, bRow) : bRow === 1 && fours(k, bCol);
  return a && b && fours(...batch.a, ...batch.b);
}
