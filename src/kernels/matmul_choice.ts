// Which kernel makes a product: a table by adapter class and sizes, so that the same sizes on the same class of adapter
// always add in the same order. Timings go before it only where the user asked for them (tune/autotune.ts).
import type { Device } from "../gpu/device.js";
import { batchesOf, hasVec4Rows, hasVec4Terms, type MatmulLayout } from "./matmul_layout.js";
import { tunedVariant } from "./matmul_tuning.js";
import { planSubgroupMatrix, type SubgroupMatrixPlan } from "./subgroup_matrix.js";

export type MatmulVariant = "naive" | "register" | "register_small" | "subgroup" | "subgroup_any" | "dot" | "tiled_large" | "tiled" | "tiled_small" | "subgroup_matrix";

/** From this many rows on, copying b to padded rows costs less than reading it badly: measured on lavapipe. */
const rowsWorthPacking = { register: 26, subgroup: 96 };

/** What is known of the operands besides their layout. */
export interface Operands {
  /** A transposed copy of b is at hand. */
  ready?: boolean;
  /** One of them is f16. */
  halves: boolean;
}

export function chooseVariant(device: Device, layout: MatmulLayout, { ready = false, halves }: Operands): MatmulVariant {
  const tuned = tunedVariant(device, layout, halves);
  if (tuned) return tuned;
  if (matrixPlan(device, layout, halves)) return "subgroup_matrix";
  if (device.adapter.class !== "cpu") return chooseForGpu(layout);
  const { m, n } = layout;
  const few = hasVec4Terms(layout) ? "dot" : "register_small";
  if (m <= 4 || n <= 4) return few;
  const lanes = subgroupLanes(device);
  const rows = hasVec4Rows(layout) || ready;
  // An element of a subgroup's tile costs half of what one in a register tile does; less is left of that where k is short.
  if (lanes && tilesOf(layout, 16, 8 * lanes) * 16 * 8 * lanes <= 1.6 * tilesOf(layout, 8, 8) * 64) {
    return rows || packs(layout, lanes) ? "subgroup" : "subgroup_any";
  }
  return rows || m > rowsWorthPacking.register ? "register" : few;
}

/** Every variant that could make the product: what an autotuner tries. */
export function candidates(device: Device, layout: MatmulLayout, halves: boolean): MatmulVariant[] {
  const subgroups: MatmulVariant[] = subgroupLanes(device) ? ["subgroup", "subgroup_any"] : [];
  const terms: MatmulVariant[] = hasVec4Terms(layout) ? ["dot"] : [];
  if (device.adapter.class === "cpu") return ["register", "register_small", ...terms, ...subgroups];
  const matrices: MatmulVariant[] = matrixPlan(device, layout, halves) ? ["subgroup_matrix"] : [];
  return ["tiled_large", "tiled", "tiled_small", "register", ...terms, ...subgroups, ...matrices];
}

/** Tiles of a GPU in flight at once, roughly: fewer leave it idle, and smaller tiles are then faster. */
const tilesToFill = 128;

function chooseForGpu(layout: MatmulLayout): MatmulVariant {
  if (tilesOf(layout, 128, 128) >= tilesToFill) return "tiled_large";
  return tilesOf(layout, 64, 64) >= tilesToFill ? "tiled" : "tiled_small";
}

/** How the adapter's matrix units make the product; null where it has none, or they cannot. */
export function matrixPlan({ adapter, limits }: Device, layout: MatmulLayout, halves: boolean): SubgroupMatrixPlan | null {
  if (adapter.subgroupMatrices.length === 0) return null;
  const { subgroupMatrices, subgroupMaxSize } = adapter;
  return planSubgroupMatrix({ subgroupMatrices, subgroupMaxSize, invocations: limits.maxComputeInvocationsPerWorkgroup }, layout, halves);
}

/** Lanes of SwiftShader's subgroups read columns of b as fast as rows; those of lavapipe do not. */
function packs({ m, bCol }: MatmulLayout, lanes: number): boolean {
  return lanes >= 8 && bCol !== 1 && m >= rowsWorthPacking.subgroup;
}

/** Rows of the tile that a subgroup makes: ROWS of lib/subgroup_tile.wgsl. */
export const subgroupRows = (lanes: number) => 4 * Math.min(lanes, 8);

/** The size of every subgroup where the subgroup kernels can run, else null. */
export function subgroupLanes({ adapter, features }: Device): number | null {
  const { subgroupMinSize, subgroupMaxSize } = adapter;
  return subgroupMinSize === subgroupMaxSize && [4, 8, 16, 32].includes(subgroupMinSize) && features.has("subgroups") ? subgroupMinSize : null;
}

function tilesOf(layout: MatmulLayout, rows: number, cols: number): number {
  return Math.ceil(layout.m / rows) * Math.ceil(layout.n / cols) * batchesOf(layout);
}

const tileToSplit: Partial<Record<MatmulVariant, number>> = { tiled_small: 32, subgroup_matrix: 64 };

/** Few tiles over a long k leave a GPU idle: k is then cut into equal parts, at most 32. */
export function splitsFor(variant: MatmulVariant, layout: MatmulLayout): number {
  const tile = tileToSplit[variant];
  if (tile === undefined) return 1;
  let splits = 1;
  while (splits < 32 && splits * tilesOf(layout, tile, tile) < tilesToFill && layout.k % (splits * 2) === 0 && layout.k / (splits * 2) >= 64) splits *= 2;
  return splits;
}
