import backwardInputShader from "../../shaders/conv2d_backward_input.wgsl";
import backwardWeightShader from "../../shaders/conv2d_backward_weight.wgsl";
import forwardShader from "../../shaders/conv2d_forward.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import { columnSums } from "./column_sums.js";

/** Fields of Params in lib/conv_params.wgsl. A 1-D convolution has height, kernel_height and out_height 1. */
export interface ConvSizes {
  batch: number;
  groups: number;
  group_in: number;
  group_out: number;
  height: number;
  width: number;
  out_height: number;
  out_width: number;
  kernel_height: number;
  kernel_width: number;
  stride_y: number;
  stride_x: number;
  padding_y: number;
  padding_x: number;
  dilation_y: number;
  dilation_x: number;
}

const perWorkgroup = 16;
const noChunks = { chunks: 1, rows_per_chunk: 0 };

/** y = conv(x, w) + bias. */
export function conv2dForward(device: Device, { x, w, bias, y }: { x: Slice; w: Slice; bias?: Slice; y: Slice }, sizes: ConvSizes): void {
  launch(device, forwardShader, {
    // Without a bias its binding still needs a buffer; it is not read.
    buffers: { x, w, bias: bias ?? w, y },
    params: { ...sizes, ...noChunks },
    constants: { HAS_BIAS: bias !== undefined },
    workgroups: workgroupsFor(tiles(sizes.out_height * sizes.out_width) * tiles(sizes.group_out) * sizes.groups * sizes.batch, perWorkgroup),
    cost: { bytes: x.size_bytes + w.size_bytes + (bias?.size_bytes ?? 0) + y.size_bytes, flops: flopsOf(sizes) },
  });
}

/** dx from dy and w. */
export function conv2dBackwardInput(device: Device, buffers: { dy: Slice; w: Slice; dx: Slice }, sizes: ConvSizes): void {
  launch(device, backwardInputShader, {
    buffers,
    params: { ...sizes, ...noChunks },
    workgroups: workgroupsFor(tiles(sizes.height * sizes.width) * tiles(sizes.group_in) * sizes.groups * sizes.batch, perWorkgroup),
    cost: { flops: flopsOf(sizes) },
  });
}

/** dw from x and dy: partial sums over chunks of the outputs' rows, then their sum. */
export function conv2dBackwardWeight(device: Device, { x, dy, dw }: { x: Slice; dy: Slice; dw: Slice }, sizes: ConvSizes): void {
  const rows = sizes.batch * sizes.out_height;
  const taps = sizes.kernel_height * sizes.kernel_width;
  const perChunk = taps * tiles(sizes.group_in) * tiles(sizes.group_out) * sizes.groups;
  const weights = sizes.groups * sizes.group_out * sizes.group_in * taps;
  const wanted = Math.ceil((device.adapter.class === "cpu" ? 256 : 16384) / Math.max(1, perChunk));
  // At least four rows a chunk, and a bound on the memory for partial sums.
  const chunks = Math.max(1, Math.min(wanted, Math.ceil(rows / 4), 256));
  const sum = (target: Slice) =>
    launch(device, backwardWeightShader, {
      buffers: { x, dy, dw: target },
      params: { ...sizes, chunks, rows_per_chunk: Math.ceil(rows / chunks) },
      workgroups: workgroupsFor(perChunk * chunks, perWorkgroup),
      cost: { flops: flopsOf(sizes) },
    });
  if (chunks === 1) return sum(dw);
  const size_bytes = chunks * weights * 4;
  const buffer = device.acquire(size_bytes, "convolution weight gradient");
  const partial = { buffer, offset_bytes: 0, size_bytes };
  sum(partial);
  columnSums(device, { x: partial, y: dw }, { groups: 1, rows: chunks, cols: weights });
  buffer.release();
}

/** db: sums of dy over batch and positions. */
export function conv2dBackwardBias(device: Device, { dy, db }: { dy: Slice; db: Slice }, sizes: ConvSizes): void {
  const channels = sizes.groups * sizes.group_out;
  const positions = sizes.out_height * sizes.out_width;
  const size_bytes = channels * positions * 4;
  const buffer = device.acquire(size_bytes, "convolution bias gradient");
  const overBatch = { buffer, offset_bytes: 0, size_bytes };
  columnSums(device, { x: dy, y: overBatch }, { groups: 1, rows: sizes.batch, cols: channels * positions });
  columnSums(device, { x: overBatch, y: db }, { groups: channels, rows: positions, cols: 1 });
  buffer.release();
}

/** A multiplication and an addition for each tap of each output, those in the padding included; as many for either gradient. */
function flopsOf({ batch, groups, group_in, group_out, out_height, out_width, kernel_height, kernel_width }: ConvSizes): number {
  return 2 * batch * groups * group_out * out_height * out_width * group_in * kernel_height * kernel_width;
}

/** Channels and positions go in fours. */
function tiles(extent: number): number {
  return Math.ceil(extent / 4);
}
