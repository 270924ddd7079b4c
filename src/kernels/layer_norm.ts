import layerNormBackwardShader from "../../shaders/layer_norm_backward.wgsl";
import layerNormBackwardWeightShader from "../../shaders/layer_norm_backward_weight.wgsl";
import layerNormForwardShader from "../../shaders/layer_norm_forward.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import { columnSums } from "./column_sums.js";

export interface RowNormSizes {
  rows: number;
  cols: number;
  eps: number;
}

const rowsPerWorkgroup = 16;
const columnsPerWorkgroup = 16;
const rowsPerChunk = 32;

/** Saved for backward: one mean and one reciprocal deviation a row. */
export interface RowStatistics {
  mean: Slice;
  rstd: Slice;
}

/** Layer norm, or RMS norm without `center`. A null weight or bias is left out of the formula. */
export function layerNormForward(
  device: Device,
  buffers: { x: Slice; w: Slice | null; b: Slice | null; y: Slice } & RowStatistics,
  sizes: RowNormSizes,
  center: boolean,
): void {
  const { x, w, b, y, mean, rstd } = buffers;
  launch(device, layerNormForwardShader, {
    // A binding that the variant never reads still needs a buffer.
    buffers: { x, w: w ?? x, b: b ?? x, y, mean, rstd },
    params: { ...sizes },
    constants: { CENTER: center, HAS_WEIGHT: w !== null, HAS_BIAS: b !== null },
    workgroups: workgroupsFor(sizes.rows, rowsPerWorkgroup),
  });
}

/** dx from the saved statistics. */
export function layerNormBackward(
  device: Device,
  buffers: { x: Slice; w: Slice | null; dy: Slice; dx: Slice } & RowStatistics,
  sizes: RowNormSizes,
  center: boolean,
): void {
  const { x, w, dy, dx, mean, rstd } = buffers;
  launch(device, layerNormBackwardShader, {
    buffers: { x, w: w ?? x, dy, mean, rstd, dx },
    params: { ...sizes },
    constants: { CENTER: center, HAS_WEIGHT: w !== null },
    workgroups: workgroupsFor(sizes.rows, rowsPerWorkgroup),
  });
}

/** dw and db: partial sums over chunks of rows, then their sums, in a fixed order. */
export function layerNormBackwardWeight(
  device: Device,
  buffers: { x: Slice; dy: Slice; dw: Slice; db: Slice } & RowStatistics,
  { rows, cols }: { rows: number; cols: number },
): void {
  const { x, dy, dw, db, mean, rstd } = buffers;
  const chunks = Math.max(1, Math.ceil(rows / rowsPerChunk));
  const size_bytes = chunks * cols * 4;
  const [partialW, partialB] = [device.acquire(size_bytes, "layer norm partials"), device.acquire(size_bytes, "layer norm partials")];
  const whole = (buffer: Slice["buffer"]): Slice => ({ buffer, offset_bytes: 0, size_bytes });
  launch(device, layerNormBackwardWeightShader, {
    buffers: { x, dy, mean, rstd, dw: whole(partialW), db: whole(partialB) },
    params: { rows, cols, chunks, rows_per_chunk: rowsPerChunk },
    workgroups: workgroupsFor(chunks * cols, columnsPerWorkgroup),
  });
  columnSums(device, { x: whole(partialW), y: dw }, { groups: 1, rows: chunks, cols });
  columnSums(device, { x: whole(partialB), y: db }, { groups: 1, rows: chunks, cols });
  partialW.release();
  partialB.release();
}
