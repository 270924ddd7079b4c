import layerNormBackwardShader from "../../shaders/layer_norm_backward.wgsl";
import layerNormBackwardWeightShader from "../../shaders/layer_norm_backward_weight.wgsl";
import layerNormBackwardWorkgroupShader from "../../shaders/layer_norm_backward_workgroup.wgsl";
import layerNormForwardShader from "../../shaders/layer_norm_forward.wgsl";
import layerNormForwardWorkgroupShader from "../../shaders/layer_norm_forward_workgroup.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import { chunksFor, sumByChunks } from "./chunk_sums.js";
import { rowForm, type RowVariant } from "./row_form.js";

export interface RowNormSettings {
  rows: number;
  cols: number;
  eps: number;
  /** Subtract the mean: layer norm. Without it, RMS norm. */
  center: boolean;
}

function formOf(device: Device, { rows, cols, eps }: RowNormSettings, variant: RowVariant | undefined) {
  const form = rowForm(device, { outer: rows, extent: cols, inner: 1 }, { variant });
  return { ...form, params: { rows, cols: form.extent, scale: 1 / cols, eps } };
}

/** y, and stats [rows, 4] for backward. A null weight or bias is left out of the formula. */
export function layerNormForward(
  device: Device,
  buffers: { x: Slice; w: Slice | null; b: Slice | null; y: Slice; stats: Slice },
  settings: RowNormSettings,
  variant?: RowVariant,
): void {
  const { x, w, b, y, stats } = buffers;
  const form = formOf(device, settings, variant);
  launch(device, form.variant === "workgroup" ? layerNormForwardWorkgroupShader : layerNormForwardShader, {
    ...form.how,
    // A binding that the variant never reads still needs a buffer.
    buffers: { x, w: w ?? x, b: b ?? x, y, stats },
    params: form.params,
    constants: { CENTER: settings.center, HAS_WEIGHT: w !== null, HAS_BIAS: b !== null },
    workgroups: form.workgroups,
  });
}

/** dx from the saved statistics. */
export function layerNormBackward(
  device: Device,
  buffers: { x: Slice; w: Slice | null; dy: Slice; stats: Slice; dx: Slice },
  settings: RowNormSettings,
  variant?: RowVariant,
): void {
  const { x, w, dy, stats, dx } = buffers;
  const form = formOf(device, settings, variant);
  launch(device, form.variant === "workgroup" ? layerNormBackwardWorkgroupShader : layerNormBackwardShader, {
    ...form.how,
    buffers: { x, w: w ?? x, dy, stats, dx },
    params: form.params,
    constants: { CENTER: settings.center, HAS_WEIGHT: w !== null },
    workgroups: form.workgroups,
  });
}

/** dw and db: sums over chunks of rows, then of the chunks, in a fixed order. Zero without rows. `chunks` is for tests. */
export function layerNormBackwardWeight(
  device: Device,
  buffers: { x: Slice; dy: Slice; stats: Slice; dw: Slice; db: Slice },
  { rows, cols }: { rows: number; cols: number },
  chunks = chunksFor(device, rows, cols % 4 === 0 ? cols / 4 : cols),
): void {
  const { x, dy, stats, dw, db } = buffers;
  // Without rows, x and dy have no memory to bind as vec4s.
  if (rows === 0) return [dw, db].forEach((slice) => device.queue.clear(slice));
  const fours = cols % 4 === 0;
  const lanes = fours ? cols / 4 : cols;
  sumByChunks(device, { dw, db }, { chunks, cols }, (target) =>
    launch(device, layerNormBackwardWeightShader, {
      types: { Element: fours ? "vec4f" : "f32" },
      buffers: { x, dy, stats, ...target },
      params: { rows, cols: lanes, chunks, rows_per_chunk: Math.ceil(rows / chunks) },
      workgroups: workgroupsFor(chunks * lanes, 16),
    }),
  );
}
