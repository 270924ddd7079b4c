import crossEntropyBackwardShader from "../../shaders/cross_entropy_backward.wgsl";
import crossEntropyForwardShader from "../../shaders/cross_entropy_forward.wgsl";
import countersOfSubgroupShader from "../../shaders/lib/counters_of_subgroup.wgsl";
import nllBackwardShader from "../../shaders/nll_backward.wgsl";
import nllForwardShader from "../../shaders/nll_forward.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import type { PartialLosses, Reduction } from "./loss_reduce.js";
import { mapWorkgroups, packed } from "./map.js";
import { rowForm, type RowSizes, type RowVariant } from "./row_form.js";
import { unread, withUnused } from "./unused.js";

export interface ClassLossSettings {
  /** The logits' shape around the class axis: `extent` classes. */
  sizes: RowSizes;
  ignoreIndex: number;
  smoothing: number;
}

const rowsPerWorkgroup = 16;

/** How many partial losses forward leaves for a mean or sum, of as many rows each: enough to fill the adapter, few enough for one workgroup. */
export function partialLossesFor(device: Device, rows: number): number {
  const most = device.adapter.class === "cpu" ? 256 : 4096;
  return Math.ceil(rows / Math.max(1, Math.ceil(rows / most)));
}

/** Whether the gradient that forward leaves is divided already by what a mean divides by: in f16 that would be too small. */
export function dividesForward(dx: Slice, reduction: Reduction): boolean {
  return reduction === "mean" && !dx.half;
}

/**
 * Losses and norms of the rows, `partial.count` of them, and unless dx is null the gradient of their mean or sum, or for
 * "none" of each row's loss by its logits. dx may be x. Absent weights count as 1.
 */
export function crossEntropyForward(
  device: Device,
  buffers: { x: Slice; targets: Slice; weight: Slice | null; faults: Slice; dx: Slice | null },
  partial: PartialLosses,
  { sizes, ignoreIndex, smoothing }: ClassLossSettings,
  reduction: Reduction,
  variant?: RowVariant,
): void {
  const { x, weight, faults, dx } = buffers;
  const { how, rows, extent, inner, width } = rowForm(device, sizes, { variant, foursOfRows: false });
  const { WORKGROUP, LANES } = how.constants;
  const inPlace = dx !== null && dx.buffer === x.buffer && dx.offset_bytes === x.offset_bytes;
  const { targets } = packed({ targets: buffers.targets }) as { targets: Slice };
  const bySubgroup = device.adapter.class === "cpu" && device.features.has("subgroups");
  withUnused(device, { dx }, (output) =>
    launch(device, crossEntropyForwardShader, {
      types: how.types,
      functions: [...how.functions, ...(bySubgroup ? [countersOfSubgroupShader] : [])],
      consts: { WIDTH: width },
      buffers: { x: inPlace ? unread(targets) : x, targets, weight: weight ?? unread(targets), losses: partial.losses, norms: partial.norms, faults, ...output },
      params: { rows, extent, classes: sizes.extent, inner, partials: partial.count, ignore_index: ignoreIndex >>> 0, smoothing },
      constants: {
        ...how.constants,
        COUNTERS: bySubgroup ? Math.min(32, device.adapter.subgroupMinSize, WORKGROUP) : WORKGROUP,
        HAS_WEIGHT: weight !== null,
        SMOOTH: smoothing > 0,
        GRADIENT: dx !== null,
        MEAN: dx !== null && dividesForward(dx, reduction),
        IN_PLACE: inPlace,
      },
      workgroups: workgroupsFor(partial.count, WORKGROUP / LANES),
    }),
  );
}

/** dx = unit * dy, where `unit` is what forward left and dy has one element a row for "none", else a single one. `norm` for a mean that forward has not divided by. */
export function crossEntropyBackward(device: Device, buffers: { unit: Slice; dy: Slice; norm?: Slice | null; dx: Slice }, { outer, extent, inner }: RowSizes, reduction: Reduction): void {
  const { dy, norm = null } = buffers;
  const perRow = reduction === "none";
  const size = outer * extent * inner;
  // Where all elements have one factor, rows do not matter. Nothing behind dx may be touched: it may lie in an arena.
  const fours = perRow ? inner === 1 && extent % 4 === 0 : size % 4 === 0;
  const elements = fours ? size / 4 : size;
  launch(device, crossEntropyBackwardShader, {
    types: { Element: fours ? "vec4f" : "f32" },
    buffers: { ...buffers, norm: norm ?? dy },
    params: { size: elements, extent: perRow && fours ? extent / 4 : extent, inner },
    constants: { PER_ROW: perRow, DIVIDES: norm !== null },
    workgroups: mapWorkgroups(device, elements),
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
