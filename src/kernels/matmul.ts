// Matrix products: the kernels, and what has to be launched before and after them.
import dotShader from "../../shaders/matmul_dot.wgsl";
import naiveShader from "../../shaders/matmul_naive.wgsl";
import registerShader from "../../shaders/matmul_register.wgsl";
import registerSmallShader from "../../shaders/matmul_register_small.wgsl";
import subgroupShader from "../../shaders/matmul_subgroup.wgsl";
import subgroupAnyShader from "../../shaders/matmul_subgroup_any.wgsl";
import subgroupMatrixShader from "../../shaders/matmul_subgroup_matrix.wgsl";
import tiledShader from "../../shaders/matmul_tiled.wgsl";
import tiledLargeShader from "../../shaders/matmul_tiled_large.wgsl";
import { UsageError } from "../errors.js";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import type { Shader, Specialisation } from "../gpu/shader_source.js";
import { columnSums } from "./column_sums.js";
import { chooseVariant, matrixPlan, splitsFor, subgroupLanes, subgroupRows, type MatmulVariant } from "./matmul_choice.js";
import { finishArguments, finishVariant, needsWholeSums, unusedBytes, type Finish } from "./matmul_finish.js";
import { batchesOf, batchWindows, hasVec4Rows, hasVec4Terms, layoutOf, packedLayout, splitLayout, type MatmulLayout, type MatmulSizes } from "./matmul_layout.js";
import { seeProduct } from "./matmul_tuning.js";
import { stridedCopy } from "./strided_copy.js";
import { isTransposable, transposedRows } from "./transposed_matrices.js";

export type { MatmulVariant } from "./matmul_choice.js";
export type { Finish, FusedActivation } from "./matmul_finish.js";
export type { MatmulBatch, MatmulSizes } from "./matmul_layout.js";

export interface MatmulBuffers {
  a: Slice;
  b: Slice;
  /** Dense. */
  y: Slice;
}

/** y = a · b for every batch, ended as `finish` says. `variant` overrides the choice by adapter class and sizes. */
export function matmul(device: Device, buffers: MatmulBuffers, sizes: MatmulSizes, finish: Finish = {}, variant?: MatmulVariant): void {
  const layout = layoutOf(sizes);
  if (layout.m * layout.n * batchesOf(layout) === 0) return;
  // No terms: an operand may have no memory to bind as vec4s.
  const chosen = layout.k === 0 ? "naive" : (variant ?? chooseVariant(device, layout, { ready: isTransposable(buffers.b, layout), halves: hasHalves(buffers) }));
  seeProduct(device, layout, buffers.a, buffers.b);
  if (variant === undefined && !needsWholeSums(finish)) matmulAs(device, buffers, layout, chosen);
  else launchVariant(device, buffers, layout, finish, chosen);
}

/** The product by one variant, its k cut into parts where that fills the adapter. */
export function matmulAs(device: Device, { a, b, y }: MatmulBuffers, layout: MatmulLayout, variant: MatmulVariant): void {
  const splits = splitsFor(variant, layout);
  if (splits === 1) return launchVariant(device, { a, b, y }, layout, {}, variant);
  const outputs = layout.m * layout.n * batchesOf(layout);
  withScratch(device, splits * outputs * 4, "matmul partial sums", (partial) => {
    launchVariant(device, { a, b, y: partial }, splitLayout(layout, splits), {}, variant);
    columnSums(device, { x: partial, y }, { groups: 1, rows: splits, cols: outputs });
  });
}

/** How many parts of k would fill the adapter; 1 where the product is best left whole. */
export function partsOverK(device: Device, operands: Pick<MatmulBuffers, "a" | "b">, sizes: MatmulSizes): number {
  const layout = layoutOf(sizes);
  return splitsFor(chooseVariant(device, layout, { halves: hasHalves(operands) }), layout);
}

function hasHalves({ a, b }: Pick<MatmulBuffers, "a" | "b">): boolean {
  return a.half === true || b.half === true;
}

/** The products of equal parts of k, for a sum that comes later: y is [parts, ...], and so are the row sums. */
export function matmulParts(device: Device, buffers: MatmulBuffers, sizes: MatmulSizes, parts: number, { rowSums }: Pick<Finish, "rowSums"> = {}, variant?: MatmulVariant): void {
  const layout = layoutOf(sizes);
  if (layout.k % parts !== 0) throw new UsageError(`matmulParts: k must divide, got k ${layout.k} and ${parts} parts`);
  seeProduct(device, layout, buffers.a, buffers.b);
  launchVariant(device, buffers, splitLayout(layout, parts), rowSums ? { rowSums } : {}, variant ?? chooseVariant(device, layout, { halves: hasHalves(buffers) }));
}

function launchVariant(device: Device, buffers: MatmulBuffers, layout: MatmulLayout, finish: Finish, variant: MatmulVariant): void {
  const tiles = (shader: Shader, rows: number, cols: number, perWorkgroup: number, how: Specialisation = {}) =>
    launchWindows(device, shader, buffers, layout, finish, { rows, cols, perWorkgroup, how });
  const subgroupTiles = (shader: Shader) => {
    const lanes = lanesOf(device);
    tiles(shader, subgroupRows(lanes), 8 * lanes, 1, { consts: { LANES: lanes } });
  };
  switch (variant) {
    case "naive":
      return tiles(naiveShader, 1, 1, 64);
    case "register":
      if (!hasVec4Rows(layout)) return withRows(device, buffers, layout, finish, variant);
      return tiles(registerShader, 8, 8, registerWorkgroup(device), { constants: { WORKGROUP: registerWorkgroup(device) } });
    case "register_small":
      return tiles(registerSmallShader, 4, 4, 8);
    case "subgroup":
      if (!hasVec4Rows(layout)) return withRows(device, buffers, layout, finish, variant);
      return subgroupTiles(subgroupShader);
    case "subgroup_any":
      return subgroupTiles(subgroupAnyShader);
    case "dot":
      if (!hasVec4Terms(layout)) throw new UsageError(`matmul: variant dot needs a [m, k] times b [n, k] with k a multiple of 4, got k ${layout.k}`);
      if (finish.rowSums) throw new UsageError("matmul: variant dot makes no row sums; use register_small");
      return tiles(dotShader, 4, 4, 8);
    case "tiled_large":
      return tiles(tiledLargeShader, 128, 128, 1, { constants: lanesAlong(layout) });
    case "tiled":
      return tiles(tiledShader, 64, 64, 1, { consts: { GROUPS: 16 }, constants: lanesAlong(layout) });
    case "tiled_small":
      return tiles(tiledShader, 32, 32, 1, { consts: { GROUPS: 8 }, constants: lanesAlong(layout) });
    case "subgroup_matrix": {
      const plan = matrixPlan(device, layout, hasHalves(buffers));
      if (!plan) throw new UsageError("matmul: variant subgroup_matrix needs matrix units that sum in f32, and operands in fours");
      return tiles(subgroupMatrixShader, plan.rows, plan.cols, 1, plan.how);
    }
  }
}

/** A GPU fills no subgroup with 8 invocations. */
function registerWorkgroup({ adapter }: Device): number {
  return adapter.class === "cpu" ? 8 : 64;
}

function lanesOf(device: Device): number {
  const lanes = subgroupLanes(device);
  if (lanes) return lanes;
  const { subgroupMinSize, subgroupMaxSize } = device.adapter;
  throw new UsageError(`matmul: subgroup variants need subgroups of 4, 8, 16 or 32 lanes, got ${subgroupMinSize} to ${subgroupMaxSize}`);
}

/** Neighbouring lanes load along the axis that is contiguous in memory. */
function lanesAlong({ aCol, bCol }: MatmulLayout): Record<string, boolean> {
  return { A_ALONG_K: aCol === 1, B_ALONG_K: bCol !== 1 };
}

/** The product with b in rows of vec4: a transposed copy that is kept, or one made now. */
function withRows(device: Device, buffers: MatmulBuffers, layout: MatmulLayout, finish: Finish, variant: MatmulVariant): void {
  const ready = transposedRows(buffers.b, layout);
  if (ready) return launchVariant(device, { ...buffers, b: ready.rows }, { ...layout, bRow: ready.stride, bCol: 1 }, finish, variant);
  const packed = packedLayout(layout);
  const { half } = buffers.b;
  withScratch(device, packed.size * (half ? 2 : 4), "matmul packed rows", (memory) => {
    const rows = { ...memory, ...(half && { half }) };
    stridedCopy(device, "matmul", { x: buffers.b, y: rows }, packed.walk);
    launchVariant(device, { ...buffers, b: rows }, packed.layout, finish, variant);
  });
}

interface Tiling {
  /** Outputs of a tile. */
  rows: number;
  cols: number;
  /** Tiles a workgroup makes. */
  perWorkgroup: number;
  how: Specialisation;
}

function launchWindows(device: Device, shader: Shader, buffers: MatmulBuffers, layout: MatmulLayout, finish: Finish, { rows, cols, perWorkgroup, how }: Tiling): void {
  const { m, n, k, aRow, aCol, bRow, bCol } = layout;
  const end = finishVariant(finish, n % 4 === 0 && shader !== naiveShader);
  withScratch(device, unusedBytes, "matmul unused", (unused) => {
    const given = finishArguments(finish, buffers.a, unused);
    const windows = batchWindows(layout);
    const bytes = bytesMoved(buffers, finish) / windows.length;
    for (const window of windows) {
      launch(device, shader, {
        ...how,
        ...end,
        constants: { ...how.constants, ...end.constants },
        types: { ...how.types, ...end.types },
        buffers: { ...buffers, ...given.buffers },
        params: { m, n, k, a_row: aRow, a_col: aCol, b_row: bRow, b_col: bCol, ...window, ...given.params },
        varying: given.varying,
        cost: { bytes, flops: 2 * m * n * k * window.batches },
        workgroups: workgroupsFor(Math.ceil(m / rows) * Math.ceil(n / cols) * window.batches, perWorkgroup),
      });
    }
  });
}

/** Each operand and result once; what stands in for others is not counted. */
function bytesMoved({ a, b, y }: MatmulBuffers, { bias, kept, slope, residual, rowSums }: Finish): number {
  return [a, b, y, bias, kept, slope?.kept, residual, rowSums?.to].reduce((sum, slice) => sum + (slice?.size_bytes ?? 0), 0);
}

/** Memory for what `use` launches; given back at once, as later launches run after it. */
function withScratch(device: Device, size_bytes: number, label: string, use: (slice: Slice) => void): void {
  const buffer = device.acquire(size_bytes, label);
  try {
    use({ buffer, offset_bytes: 0, size_bytes });
  } finally {
    buffer.release();
  }
}
