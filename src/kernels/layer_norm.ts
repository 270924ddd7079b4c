import layerNormBackwardShader from "../../shaders/layer_norm_backward.wgsl";
import layerNormForwardShader from "../../shaders/layer_norm_forward.wgsl";
import foursInRowShader from "../../shaders/lib/fours_in_row.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch } from "../gpu/launch.js";
import { lanesOf, rowForm, sharedVariant, type RowVariant } from "./row_form.js";
import { unread, withUnused } from "./unused.js";

export interface RowNormSettings {
  rows: number;
  cols: number;
  /** Subtract the mean: layer norm. Without it, RMS norm. */
  center: boolean;
}

/** y, and stats [rows, 4] for backward. A null weight or bias is left out of the formula. */
export function layerNormForward(
  device: Device,
  buffers: { x: Slice; w: Slice | null; b: Slice | null; y: Slice; stats: Slice },
  { rows, cols, center, eps }: RowNormSettings & { eps: number },
  variant?: RowVariant,
): void {
  const { x, w, b, y, stats } = buffers;
  const { how, extent, workgroups } = rowForm(device, { outer: rows, extent: cols, inner: 1 }, { variant });
  launch(device, layerNormForwardShader, {
    ...how,
    buffers: { x, w: w ?? unread(x), b: b ?? unread(x), y, stats },
    params: { rows, cols: extent, scale: 1 / cols, eps },
    constants: { ...how.constants, CENTER: center, HAS_WEIGHT: w !== null, HAS_BIAS: b !== null },
    workgroups,
  });
}

/** Rows that layer_norm_backward.wgsl sums together: few enough to stay in cache, and to fill the adapter with chunks. */
function rowsPerChunk(device: Device, rows: number): number {
  const [fewest, mostChunks] = device.adapter.class === "cpu" ? [32, 1024] : [8, 2048];
  let count = fewest;
  // Powers of two: each count is a pipeline. 8 bytes a row of workgroup memory.
  while (count < 1024 && count * mostChunks < rows) count *= 2;
  return count;
}

/** How many chunks of rows layerNormBackward sums apart. */
export function layerNormChunks(device: Device, rows: number): number {
  return Math.max(1, Math.ceil(rows / rowsPerChunk(device, rows)));
}

export interface RowNormGradients {
  dx: Slice | null;
  /** [chunks, cols] each. */
  dw: Slice | null;
  db: Slice | null;
}

/**
 * dx from the saved statistics, plus `others` where given, and sums for dw and db over layerNormChunks(rows) chunks.
 * What is null is not computed. Without rows the sums are zero.
 */
export function layerNormBackward(
  device: Device,
  buffers: { x: Slice; w: Slice | null; dy: Slice; stats: Slice; others: Slice | null } & RowNormGradients,
  { rows, cols, center }: RowNormSettings,
  variant: RowVariant = sharedVariant(device),
): void {
  const { x, w, dy, stats, others, dx, dw, db } = buffers;
  // x and dy have no memory to bind then.
  if (rows === 0) return [dw, db].forEach((slice) => slice && device.queue.clear(slice));
  const fours = cols % 4 === 0;
  const extent = fours ? cols / 4 : cols;
  const onCpu = device.adapter.class === "cpu";
  const inPairs = onCpu && extent % 32 === 0;
  const { functions, constants } = lanesOf(device, variant, onCpu ? (inPairs ? 16 : 8) : extent <= 64 ? 64 : 128);
  withUnused(device, { dx, dw, db }, (outputs) =>
    launch(device, layerNormBackwardShader, {
      types: { Element: fours ? "vec4f" : "f32" },
      functions: [...(fours ? [foursInRowShader] : []), ...functions],
      buffers: { x, w: w ?? unread(x), dy, stats, others: others ?? unread(x), ...outputs },
      params: { rows, cols: extent, scale: 1 / cols },
      constants: {
        ...constants,
        ROWS: rowsPerChunk(device, rows),
        COLUMNS: inPairs ? 2 : 1,
        CENTER: center,
        HAS_WEIGHT: w !== null,
        HAS_OTHERS: others !== null,
        WANTS_X: dx !== null,
        WANTS_W: dw !== null,
        WANTS_B: db !== null,
      },
      workgroups: layerNormChunks(device, rows),
    }),
  );
}
