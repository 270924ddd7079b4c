import batchNormBackwardShader from "../../shaders/batch_norm_backward.wgsl";
import batchNormBackwardSumsShader from "../../shaders/batch_norm_backward_sums.wgsl";
import batchNormForwardShader from "../../shaders/batch_norm_forward.wgsl";
import batchNormMergeShader from "../../shaders/batch_norm_merge.wgsl";
import batchNormRunningShader from "../../shaders/batch_norm_running.wgsl";
import batchNormStatisticsShader from "../../shaders/batch_norm_statistics.wgsl";
import foursInRowShader from "../../shaders/lib/fours_in_row.wgsl";
import foursOfRowsShader from "../../shaders/lib/fours_of_rows.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import type { Specialisation } from "../gpu/shader_source.js";
import { chunksFor, sumByChunks } from "./chunk_sums.js";
import { mapWorkgroups } from "./map.js";
import { givenScalar, heldScalar, type UnitScalar } from "./unit_scalar.js";

/** x seen as [batch, channels, length]. */
export interface BatchNormSizes {
  batch: number;
  channels: number;
  length: number;
}

/** Four neighbours at once, along `length` or, where that is 1, along the channels. Sizes count Elements. */
interface Form extends BatchNormSizes {
  /** Values of one channel in an Element. */
  width: 1 | 4;
  types: { Element: string; Stat: string };
  functions: Pick<Specialisation, "functions">;
}

function formOf({ batch, channels, length }: BatchNormSizes): Form {
  if (length % 4 === 0) {
    return { batch, channels, length: length / 4, width: 4, types: { Element: "vec4f", Stat: "f32" }, functions: { functions: foursInRowShader } };
  }
  if (length === 1 && channels % 4 === 0) {
    return { batch, channels: channels / 4, length, width: 1, types: { Element: "vec4f", Stat: "vec4f" }, functions: { functions: foursOfRowsShader } };
  }
  return { batch, channels, length, width: 1, types: { Element: "f32", Stat: "f32" }, functions: {} };
}

const perWorkgroup = 16;

/** Running statistics, changed in place. */
export interface Running {
  mean: Slice;
  variance: Slice;
}

/** stats [3, channels] of the batch, and the running statistics moved towards them. `chunks` is for tests. */
export function batchNormStatistics(
  device: Device,
  buffers: { x: Slice; stats: Slice; running: Running | null },
  sizes: BatchNormSizes,
  { eps, momentum }: { eps: number; momentum: UnitScalar },
  chunks = statisticsChunks(device, sizes),
): void {
  const { batch, channels, length, width, types, functions } = formOf(sizes);
  const total = batch * length;
  const scratch = (values: number): Slice => {
    const size_bytes = values * 4;
    return { buffer: device.acquire(size_bytes, "batch norm statistics"), offset_bytes: 0, size_bytes };
  };
  const chunk_stats = scratch(3 * chunks * sizes.channels);
  launch(device, batchNormStatisticsShader, {
    types,
    ...functions,
    buffers: { x: buffers.x, chunk_stats },
    params: { channels, length, total, width, chunks },
    workgroups: workgroupsFor(channels * chunks, perWorkgroup),
  });
  // The bindings exist also where nothing is tracked.
  const unused = buffers.running ? null : { mean: scratch(sizes.channels), variance: scratch(sizes.channels) };
  const running = buffers.running ?? unused!;
  launch(device, batchNormMergeShader, {
    types: { Stat: types.Stat },
    constants: { TRACK: buffers.running !== null },
    buffers: { chunk_stats, stats: buffers.stats, running_mean: running.mean, running_var: running.variance, held_momentum: heldScalar(momentum, chunk_stats) },
    params: { channels, total, width, chunks, count: sizes.batch * sizes.length, eps, momentum: givenScalar(momentum) },
    workgroups: workgroupsFor(channels, perWorkgroup),
  });
  for (const slice of [chunk_stats, unused?.mean, unused?.variance]) slice?.buffer.release();
}

/** How many chunks a channel's elements are cut into. */
function statisticsChunks(device: Device, sizes: BatchNormSizes): number {
  const { batch, channels, length } = formOf(sizes);
  return chunksFor(device, batch * length, channels);
}

/** stats [3, channels] from the running statistics. */
export function batchNormRunning(device: Device, buffers: { running: Running; stats: Slice }, { channels, eps }: { channels: number; eps: number }): void {
  launch(device, batchNormRunningShader, {
    buffers: { running_mean: buffers.running.mean, running_var: buffers.running.variance, stats: buffers.stats },
    params: { channels, eps },
    workgroups: workgroupsFor(channels, perWorkgroup),
  });
}

/** y from x and stats. A null weight or bias is left out of the formula. */
export function batchNormForward(
  device: Device,
  buffers: { x: Slice; stats: Slice; w: Slice | null; b: Slice | null; y: Slice },
  sizes: BatchNormSizes,
): void {
  const { x, stats, w, b, y } = buffers;
  const { batch, channels, length, types } = formOf(sizes);
  const size = batch * channels * length;
  launch(device, batchNormForwardShader, {
    types,
    constants: { HAS_WEIGHT: w !== null, HAS_BIAS: b !== null },
    // A binding that the variant never reads still needs a buffer.
    buffers: { x, stats, w: w ?? stats, b: b ?? stats, y },
    params: { size, channels, length },
    workgroups: mapWorkgroups(device, size),
  });
}

/** dw = sum of dy * xhat and db = sum of dy, by channel. `chunks` is for tests. */
export function batchNormBackwardSums(
  device: Device,
  buffers: { x: Slice; dy: Slice; stats: Slice; dw: Slice; db: Slice },
  sizes: BatchNormSizes,
  chunks = statisticsChunks(device, sizes),
): void {
  const { x, dy, stats, dw, db } = buffers;
  const { batch, channels, length, types, functions } = formOf(sizes);
  // Without elements the channels still have sums, and x no memory to bind as vec4s.
  if (batch * length === 0) return [dw, db].forEach((slice) => device.queue.clear(slice));
  sumByChunks(device, { dw, db }, { chunks, cols: sizes.channels }, (target) =>
    launch(device, batchNormBackwardSumsShader, {
      types,
      ...functions,
      buffers: { x, dy, stats, ...target },
      params: { channels, length, total: batch * length, chunks },
      workgroups: workgroupsFor(channels * chunks, perWorkgroup),
    }),
  );
}

/** dx; `sums` are those of batchNormBackwardSums where the statistics are the batch's own, else null. */
export function batchNormBackward(
  device: Device,
  buffers: { x: Slice; dy: Slice; stats: Slice; w: Slice | null; sums: { dw: Slice; db: Slice } | null; dx: Slice },
  sizes: BatchNormSizes,
): void {
  const { x, dy, stats, w, sums, dx } = buffers;
  const { batch, channels, length, types } = formOf(sizes);
  const size = batch * channels * length;
  launch(device, batchNormBackwardShader, {
    types,
    constants: { BATCH: sums !== null, HAS_WEIGHT: w !== null },
    buffers: { x, dy, stats, w: w ?? stats, dw: sums?.dw ?? stats, db: sums?.db ?? stats, dx },
    params: { size, channels, length, scale: 1 / (sizes.batch * sizes.length) },
    workgroups: mapWorkgroups(device, size),
  });
}
