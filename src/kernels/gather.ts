import gatherBackwardShader from "../../shaders/gather_backward.wgsl";
import gatherForwardShader from "../../shaders/gather_forward.wgsl";
import oneHotShader from "../../shaders/one_hot.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";

/** x as [outer, extent, inner], y as [outer, count, inner], and the strides of the index over y. */
export interface GatherSizes {
  outer: number;
  extent: number;
  inner: number;
  count: number;
  index_outer: number;
  index_count: number;
  index_inner: number;
}

const perWorkgroup = 64;

/** y = x at the indices, any type. */
export function gatherForward(device: Device, buffers: { x: Slice; index: Slice; y: Slice; faults: Slice }, sizes: GatherSizes): void {
  const size = sizes.outer * sizes.count * sizes.inner;
  const { x, index, y } = buffers;
  launch(device, gatherForwardShader, {
    buffers,
    params: { ...sizes },
    workgroups: workgroupsFor(size, perWorkgroup),
    cost: { bytes: Math.min(x.size_bytes, y.size_bytes) + index.size_bytes + y.size_bytes },
  });
}

/** dx = sums of dy at the indices. */
export function gatherBackward(device: Device, buffers: { index: Slice; dy: Slice; dx: Slice }, sizes: GatherSizes): void {
  const size = sizes.outer * sizes.extent * sizes.inner;
  launch(device, gatherBackwardShader, { buffers, params: { ...sizes }, workgroups: workgroupsFor(size, perWorkgroup) });
}

export function oneHotKernel(device: Device, buffers: { index: Slice; y: Slice; faults: Slice }, sizes: { count: number; classes: number }): void {
  launch(device, oneHotShader, { buffers, params: { ...sizes }, workgroups: workgroupsFor(sizes.count * sizes.classes, perWorkgroup) });
}
