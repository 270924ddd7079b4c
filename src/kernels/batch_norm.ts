import batchNormBackwardShader from "../../shaders/batch_norm_backward.wgsl";
import batchNormBackwardSumsShader from "../../shaders/batch_norm_backward_sums.wgsl";
import batchNormForwardRunningShader from "../../shaders/batch_norm_forward_running.wgsl";
import batchNormForwardShader from "../../shaders/batch_norm_forward.wgsl";
import batchNormStatisticsShader from "../../shaders/batch_norm_statistics.wgsl";
import foursInRowShader from "../../shaders/lib/fours_in_row.wgsl";
import foursOfRowsShader from "../../shaders/lib/fours_of_rows.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import type { Shader } from "../gpu/shader_source.js";
import { givenScalar, heldScalar, type UnitScalar } from "./unit_scalar.js";
import { withUnused } from "./unused.js";

/** x seen as [batch, channels, length]. */
export interface BatchNormSizes {
  batch: number;
  channels: number;
  length: number;
}

/** How the work is cut; tests may force it. */
export interface BatchNormCut {
  /** Of a channel's elements, for statistics and sums. Whoever needs them reads all chunks. */
  chunks: number;
  /** Invocations that share a chunk. */
  sharers: number;
  /** Of a channel's elements, for what is written. */
  parts: number;
}

/** Four neighbours at once, along `length` or, where that is 1, along the channels. Sizes count Elements. */
interface Form {
  channels: number;
  length: number;
  /** Elements of a channel. */
  total: number;
  /** Values of one channel in an Element. */
  width: 1 | 4;
  types: { Element: string; Stat: string };
  functions: readonly Shader[];
}

function formOf({ batch, channels, length }: BatchNormSizes): Form {
  if (length % 4 === 0) {
    return { channels, length: length / 4, total: (batch * length) / 4, width: 4, types: { Element: "vec4f", Stat: "f32" }, functions: [foursInRowShader] };
  }
  if (length === 1 && channels % 4 === 0) {
    return { channels: channels / 4, length, total: batch, width: 1, types: { Element: "vec4f", Stat: "vec4f" }, functions: [foursOfRowsShader] };
  }
  return { channels, length, total: batch * length, width: 1, types: { Element: "f32", Stat: "f32" }, functions: [] };
}

const onCpu = { workgroup: 16, invocations: 512, sharers: 1, partsPerChunk: 1, mostChunks: 32 };
const onGpu = { workgroup: 64, invocations: 16384, sharers: 16, partsPerChunk: 8, mostChunks: 32 };

/** Enough chunks to fill the adapter; but each costs every part a few reads, which are to stay a small share of its work. */
export function batchNormCut(device: Device, sizes: BatchNormSizes): BatchNormCut {
  const { channels, total } = formOf(sizes);
  const limits = device.adapter.class === "cpu" ? onCpu : onGpu;
  const sharers = total >= limits.sharers * 16 ? limits.sharers : 1;
  const wanted = Math.ceil(limits.invocations / (channels * sharers));
  const chunks = Math.max(1, Math.min(wanted, Math.floor(Math.sqrt(total / sharers)), limits.mostChunks));
  return { chunks, sharers, parts: Math.min(total, chunks * limits.partsPerChunk) };
}

function workgroupOf(device: Device): number {
  return (device.adapter.class === "cpu" ? onCpu : onGpu).workgroup;
}

/** Running statistics, changed in place. */
export interface Running {
  mean: Slice;
  variance: Slice;
}

/** y by the batch's own statistics, stats [3, channels] for backward, and the running statistics moved towards them. A null weight or bias is left out. */
export function batchNormForward(
  device: Device,
  buffers: { x: Slice; w: Slice | null; b: Slice | null; y: Slice; stats: Slice; running: Running | null },
  sizes: BatchNormSizes,
  { eps, momentum }: { eps: number; momentum: UnitScalar },
  cut = batchNormCut(device, sizes),
): void {
  const { x, w, b, y, stats, running } = buffers;
  const { types, functions, ...params } = formOf(sizes);
  const { chunks, sharers, parts } = cut;
  const WORKGROUP = Math.max(workgroupOf(device), sharers);
  const size_bytes = 3 * chunks * sizes.channels * 4;
  const chunk_stats: Slice = { buffer: device.acquire(size_bytes, "batch norm statistics"), offset_bytes: 0, size_bytes };
  launch(device, batchNormStatisticsShader, {
    types,
    functions,
    constants: { WORKGROUP, SHARERS: sharers },
    buffers: { x, chunk_stats },
    params: { ...params, chunks },
    workgroups: workgroupsFor(params.channels * chunks, WORKGROUP / sharers),
  });
  withUnused(device, { running_mean: running?.mean ?? null, running_var: running?.variance ?? null }, (tracked) =>
    launch(device, batchNormForwardShader, {
      types,
      functions,
      constants: { WORKGROUP, HAS_WEIGHT: w !== null, HAS_BIAS: b !== null, TRACK: running !== null },
      // A binding that the variant never reads still needs a buffer.
      buffers: { x, chunk_stats, w: w ?? chunk_stats, b: b ?? chunk_stats, y, stats, ...tracked, held_momentum: heldScalar(momentum, chunk_stats) },
      params: { ...params, chunks, sharers, parts, eps, momentum: givenScalar(momentum) },
      workgroups: workgroupsFor(params.channels * parts, WORKGROUP),
    }),
  );
  // The queue runs in order: whoever gets this buffer next cannot overtake the launches above.
  chunk_stats.buffer.release();
}

/** y by the running statistics, and stats [3, channels] for backward. */
export function batchNormForwardRunning(
  device: Device,
  buffers: { x: Slice; w: Slice | null; b: Slice | null; y: Slice; stats: Slice; running: Running },
  sizes: BatchNormSizes,
  { eps }: { eps: number },
  { parts } = batchNormCut(device, sizes),
): void {
  const { x, w, b, y, stats, running } = buffers;
  const { types, channels, length, total } = formOf(sizes);
  const WORKGROUP = workgroupOf(device);
  launch(device, batchNormForwardRunningShader, {
    types,
    constants: { WORKGROUP, HAS_WEIGHT: w !== null, HAS_BIAS: b !== null },
    buffers: { x, running_mean: running.mean, running_var: running.variance, w: w ?? x, b: b ?? x, y, stats },
    params: { channels, length, total, parts, eps },
    workgroups: workgroupsFor(channels * parts, WORKGROUP),
  });
}

export interface BatchNormGradients {
  dx: Slice | null;
  /** [channels] each. */
  dw: Slice | null;
  db: Slice | null;
}

/** dx, dw = sum of dy * xhat and db = sum of dy by channel; what is null is not computed. `batch`: whether the statistics were x's own. */
export function batchNormBackward(
  device: Device,
  buffers: { x: Slice; dy: Slice; stats: Slice; w: Slice | null } & BatchNormGradients,
  sizes: BatchNormSizes,
  { batch }: { batch: boolean },
  cut = batchNormCut(device, sizes),
): void {
  const { x, dy, stats, w, dx, dw, db } = buffers;
  const { types, functions, channels, length, total } = formOf(sizes);
  // Without elements the channels still have sums, and x no memory to bind.
  if (total === 0) return [dw, db].forEach((slice) => slice && device.queue.clear(slice));
  const summed = dw !== null || db !== null || (batch && dx !== null);
  const { chunks, sharers } = cut;
  const parts = dx ? cut.parts : 1;
  const WORKGROUP = Math.max(workgroupOf(device), sharers);
  const size_bytes = 2 * chunks * sizes.channels * 4;
  const sums: Slice | null = summed ? { buffer: device.acquire(size_bytes, "batch norm sums"), offset_bytes: 0, size_bytes } : null;
  if (sums) {
    launch(device, batchNormBackwardSumsShader, {
      types,
      functions,
      constants: { WORKGROUP, SHARERS: sharers },
      buffers: { x, dy, stats, sums },
      params: { channels, length, total, chunks },
      workgroups: workgroupsFor(channels * chunks, WORKGROUP / sharers),
    });
  }
  withUnused(device, { dx, dw, db }, (outputs) =>
    launch(device, batchNormBackwardShader, {
      types,
      constants: { WORKGROUP, BATCH: batch, HAS_WEIGHT: w !== null, WANTS_X: dx !== null, WANTS_W: dw !== null, WANTS_B: db !== null },
      buffers: { x, dy, stats, w: w ?? stats, sums: sums ?? stats, ...outputs },
      params: { channels, length, total, chunks, parts, scale: 1 / (sizes.batch * sizes.length) },
      workgroups: workgroupsFor(channels * parts, WORKGROUP),
    }),
  );
  sums?.buffer.release();
}
