import storeVec4Shader from "../../shaders/lib/matmul_store_vec4.wgsl";
import dotShader from "../../shaders/matmul_dot.wgsl";
import naiveShader from "../../shaders/matmul_naive.wgsl";
import registerShader from "../../shaders/matmul_register.wgsl";
import registerSmallShader from "../../shaders/matmul_register_small.wgsl";
import tiledShader from "../../shaders/matmul_tiled.wgsl";
import { UsageError } from "../errors.js";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import type { Shader, Specialisation } from "../gpu/shader_source.js";
import { columnSums } from "./column_sums.js";
import { batchesOf, batchWindows, hasVec4Rows, hasVec4Terms, layoutOf, packedLayout, splitLayout, type MatmulLayout, type MatmulSizes } from "./matmul_layout.js";
import { stridedCopy } from "./strided_copy.js";

export type { MatmulBatch, MatmulSizes } from "./matmul_layout.js";

export type MatmulVariant = "naive" | "register" | "register_small" | "dot" | "tiled" | "tiled_small";

export interface MatmulBuffers {
  a: Slice;
  b: Slice;
  /** [n], added to every row. */
  bias?: Slice;
  y: Slice;
}

/** y = a · b + bias for every batch; y is dense. `variant` overrides the choice by adapter class and sizes. */
export function matmul(device: Device, buffers: MatmulBuffers, sizes: MatmulSizes, variant?: MatmulVariant): void {
  const layout = layoutOf(sizes);
  if (layout.m * layout.n * batchesOf(layout) === 0) return;
  // No terms: an operand may have no memory to bind as vec4s.
  const chosen = layout.k === 0 ? "naive" : (variant ?? chooseVariant(device, layout));
  const splits = variant === undefined ? splitsFor(chosen, layout, buffers.bias !== undefined) : 1;
  if (splits > 1) return splitOverK(device, buffers, layout, chosen, splits);
  launchVariant(device, buffers, layout, chosen);
}

// From this many rows on, copying b to padded rows costs less than reading it badly: measured on lavapipe.
const rowsWorthPacking = 26;

/** A table, not timings: the same sizes on the same class of adapter always add in the same order. */
export function chooseVariant(device: Device, layout: MatmulLayout): MatmulVariant {
  const { m, n } = layout;
  if (device.adapter.class !== "cpu") return tilesOf(layout, 64) >= 128 ? "tiled" : "tiled_small";
  if (m > 4 && n > 4 && (hasVec4Rows(layout) || m > rowsWorthPacking)) return "register";
  return hasVec4Terms(layout) ? "dot" : "register_small";
}

function tilesOf(layout: MatmulLayout, tile: number): number {
  return Math.ceil(layout.m / tile) * Math.ceil(layout.n / tile) * batchesOf(layout);
}

/** Few tiles over a long k leave a GPU idle: k is then cut into equal parts, at most 32. */
function splitsFor(variant: MatmulVariant, layout: MatmulLayout, hasBias: boolean): number {
  if (variant !== "tiled_small" || hasBias) return 1;
  let splits = 1;
  while (splits < 32 && splits * tilesOf(layout, 32) < 128 && layout.k % (splits * 2) === 0 && layout.k / (splits * 2) >= 64) splits *= 2;
  return splits;
}

/** Partial products of `splits` parts of k, added in order by a second launch. */
export function matmulSplit(device: Device, buffers: MatmulBuffers, sizes: MatmulSizes, variant: MatmulVariant, splits: number): void {
  if (sizes.k % splits !== 0 || buffers.bias) throw new UsageError(`matmulSplit: k must divide and no bias be given, got k ${sizes.k} and ${splits} splits`);
  splitOverK(device, buffers, layoutOf(sizes), variant, splits);
}

function splitOverK(device: Device, { a, b, y }: MatmulBuffers, layout: MatmulLayout, variant: MatmulVariant, splits: number): void {
  const outputs = layout.m * layout.n * batchesOf(layout);
  withScratch(device, splits * outputs, "matmul partial sums", (partial) => {
    launchVariant(device, { a, b, y: partial }, splitLayout(layout, splits), variant);
    columnSums(device, { x: partial, y }, { groups: 1, rows: splits, cols: outputs });
  });
}

function launchVariant(device: Device, buffers: MatmulBuffers, layout: MatmulLayout, variant: MatmulVariant): void {
  const store = layout.n % 4 === 0 ? { types: { Output: "vec4f" }, functions: storeVec4Shader } : {};
  switch (variant) {
    case "naive":
      return launchWindows(device, naiveShader, buffers, layout, { tile: 1, perWorkgroup: 64 });
    case "register":
      if (!hasVec4Rows(layout)) return withPackedRows(device, buffers, layout);
      return launchWindows(device, registerShader, buffers, layout, { tile: 8, perWorkgroup: 8, ...store });
    case "register_small":
      return launchWindows(device, registerSmallShader, buffers, layout, { tile: 4, perWorkgroup: 8, ...store });
    case "dot":
      if (!hasVec4Terms(layout)) throw new UsageError(`matmul: variant dot needs a [m, k] times b [n, k] with k a multiple of 4, got k ${layout.k}`);
      return launchWindows(device, dotShader, buffers, layout, { tile: 4, perWorkgroup: 8, ...store });
    case "tiled":
      return launchWindows(device, tiledShader, buffers, layout, { tile: 64, perWorkgroup: 1, consts: { GROUPS: 16 }, ...lanesAlong(layout), ...store });
    case "tiled_small":
      return launchWindows(device, tiledShader, buffers, layout, { tile: 32, perWorkgroup: 1, consts: { GROUPS: 8 }, ...lanesAlong(layout), ...store });
  }
}

/** Neighbouring lanes load along the axis that is contiguous in memory. */
function lanesAlong({ aCol, bCol }: MatmulLayout): Specialisation {
  return { constants: { A_ALONG_K: aCol === 1, B_ALONG_K: bCol !== 1 } };
}

function withPackedRows(device: Device, buffers: MatmulBuffers, layout: MatmulLayout): void {
  const packed = packedLayout(layout);
  withScratch(device, packed.size, "matmul packed rows", (rows) => {
    stridedCopy(device, "matmul", { x: buffers.b, y: rows }, packed.walk);
    launchVariant(device, { ...buffers, b: rows }, packed.layout, "register");
  });
}

interface Tiling extends Specialisation {
  /** Outputs along each side of a tile. */
  tile: number;
  /** Tiles a workgroup makes. */
  perWorkgroup: number;
}

function launchWindows(device: Device, shader: Shader, { a, b, bias, y }: MatmulBuffers, layout: MatmulLayout, { tile, perWorkgroup, ...how }: Tiling): void {
  const { m, n, k, aRow, aCol, bRow, bCol } = layout;
  for (const window of batchWindows(layout)) {
    launch(device, shader, {
      // Without a bias its binding still needs a buffer; it is not read.
      buffers: { a, b, bias: bias ?? a, y },
      params: { m, n, k, a_row: aRow, a_col: aCol, b_row: bRow, b_col: bCol, ...window, has_bias: bias ? 1 : 0 },
      workgroups: workgroupsFor(Math.ceil(m / tile) * Math.ceil(n / tile) * window.batches, perWorkgroup),
      ...how,
    });
  }
}

/** Memory for what `use` launches; given back at once, as later launches run after it. */
function withScratch(device: Device, elements: number, label: string, use: (slice: Slice) => void): void {
  const buffer = device.acquire(elements * 4, label);
  try {
    use({ buffer, offset_bytes: 0, size_bytes: elements * 4 });
  } finally {
    buffer.release();
  }
}
