import crossEntropyBackwardShader from "../../shaders/cross_entropy_backward.wgsl";
import crossEntropyForwardShader from "../../shaders/cross_entropy_forward.wgsl";
import crossEntropyForwardWorkgroupShader from "../../shaders/cross_entropy_forward_workgroup.wgsl";
import nllBackwardShader from "../../shaders/nll_backward.wgsl";
import nllForwardShader from "../../shaders/nll_forward.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import type { PartialLosses, Reduction } from "./loss_reduce.js";
import { mapWorkgroups } from "./map.js";
import { lanesPerRow, rowForm, type RowSizes, type RowVariant } from "./row_form.js";

export interface ClassLossSettings {
  /** The logits' shape around the class axis: `extent` classes. */
  sizes: RowSizes;
  ignoreIndex: number;
  smoothing: number;
}

const rowsPerWorkgroup = 16;

/** How many partial losses forward leaves for a mean or sum: enough to fill the adapter, few enough for one workgroup. */
export function partialLossesFor(device: Device, rows: number): number {
  return Math.min(rows, device.adapter.class === "cpu" ? 512 : 4096);
}

function crossEntropyForm(device: Device, { sizes, ignoreIndex, smoothing }: ClassLossSettings, partials: number, variant: RowVariant | undefined) {
  const form = rowForm(device, sizes, { variant, foursOfRows: false });
  return {
    shared: form.variant === "workgroup",
    how: { ...form.how, ...(form.width === 4 ? { consts: { WIDTH: 4 } } : {}) },
    params: { rows: form.rows, extent: form.extent, classes: sizes.extent, inner: form.inner, partials, ignore_index: ignoreIndex >>> 0, smoothing },
  };
}

/** Losses and norms of the rows, `partial.count` of them, and stats [rows, 2] for backward. Absent weights count as 1. */
export function crossEntropyForward(
  device: Device,
  buffers: { x: Slice; targets: Slice; weight: Slice | null; stats: Slice; faults: Slice },
  partial: PartialLosses,
  settings: ClassLossSettings,
  variant?: RowVariant,
): void {
  const { weight, ...rest } = buffers;
  const { shared, how, params } = crossEntropyForm(device, settings, partial.count, variant);
  launch(device, shared ? crossEntropyForwardWorkgroupShader : crossEntropyForwardShader, {
    ...how,
    // A binding that the variant never reads still needs a buffer.
    buffers: { ...rest, weight: weight ?? rest.x, losses: partial.losses, norms: partial.norms },
    params,
    constants: { HAS_WEIGHT: weight !== null, SMOOTH: settings.smoothing > 0 },
    workgroups: shared ? partial.count : workgroupsFor(partial.count, rowsPerWorkgroup),
  });
}

/** dx; dy is one element a row for the reduction "none", else a single one. */
export function crossEntropyBackward(
  device: Device,
  buffers: { x: Slice; targets: Slice; weight: Slice | null; stats: Slice; norm: Slice; dy: Slice; dx: Slice },
  settings: ClassLossSettings,
  reduction: Reduction,
  variant?: RowVariant,
): void {
  const { weight, ...rest } = buffers;
  const { shared, how, params } = crossEntropyForm(device, settings, 0, variant);
  launch(device, crossEntropyBackwardShader, {
    ...how,
    buffers: { ...rest, weight: weight ?? rest.x },
    params,
    constants: {
      ...(shared ? { WORKGROUP: lanesPerRow, LANES: lanesPerRow } : {}),
      HAS_WEIGHT: weight !== null,
      SMOOTH: settings.smoothing > 0,
      PER_ROW: reduction === "none",
      MEAN: reduction === "mean",
    },
    workgroups: shared ? params.rows : workgroupsFor(params.rows, rowsPerWorkgroup),
  });
}

/** Losses and norms of the rows of log-probabilities, `partial.count` of them. */
export function nllForward(
  device: Device,
  buffers: { x: Slice; targets: Slice; weight: Slice | null; faults: Slice },
  partial: PartialLosses,
  { sizes, ignoreIndex }: ClassLossSettings,
): void {
  const { weight, ...rest } = buffers;
  launch(device, nllForwardShader, {
    buffers: { ...rest, weight: weight ?? rest.x, losses: partial.losses, norms: partial.norms },
    params: { rows: sizes.outer * sizes.inner, classes: sizes.extent, inner: sizes.inner, partials: partial.count, ignore_index: ignoreIndex >>> 0 },
    constants: { HAS_WEIGHT: weight !== null },
    workgroups: workgroupsFor(partial.count, rowsPerWorkgroup),
  });
}

/** dx; dy as for crossEntropyBackward. */
export function nllBackward(
  device: Device,
  buffers: { targets: Slice; weight: Slice | null; norm: Slice; dy: Slice; dx: Slice },
  { sizes, ignoreIndex }: ClassLossSettings,
  reduction: Reduction,
): void {
  const { weight, ...rest } = buffers;
  const size = sizes.outer * sizes.extent * sizes.inner;
  launch(device, nllBackwardShader, {
    buffers: { ...rest, weight: weight ?? rest.dy },
    params: { size, classes: sizes.extent, inner: sizes.inner, ignore_index: ignoreIndex >>> 0 },
    constants: { HAS_WEIGHT: weight !== null, PER_ROW: reduction === "none", MEAN: reduction === "mean" },
    workgroups: mapWorkgroups(device, size),
  });
}
