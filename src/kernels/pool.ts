import averageBackwardShader from "../../shaders/pool_average_backward.wgsl";
import averageForwardShader from "../../shaders/pool_average_forward.wgsl";
import maxBackwardShader from "../../shaders/pool_max_backward.wgsl";
import maxForwardShader from "../../shaders/pool_max_forward.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";

/** Fields of Params in lib/pool_params.wgsl. A 1-D pool has height, kernel_height and out_height 1. */
export interface PoolSizes {
  planes: number;
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

const perWorkgroup = 64;
const forOutputs = (sizes: PoolSizes) => ({ params: { ...sizes }, workgroups: workgroupsFor(sizes.planes * sizes.out_height * sizes.out_width, perWorkgroup) });
const forInputs = (sizes: PoolSizes) => ({ params: { ...sizes }, workgroups: workgroupsFor(sizes.planes * sizes.height * sizes.width, perWorkgroup) });

/** y = maximum of each window, index (u32) = where it lies in its plane. */
export function maxPoolForward(device: Device, buffers: { x: Slice; y: Slice; index: Slice }, sizes: PoolSizes): void {
  launch(device, maxForwardShader, { buffers, ...forOutputs(sizes) });
}

/** dx from dy and the forward's index. */
export function maxPoolBackward(device: Device, buffers: { dy: Slice; index: Slice; dx: Slice }, sizes: PoolSizes): void {
  launch(device, maxBackwardShader, { buffers, ...forInputs(sizes) });
}

/** y = mean of each window. Dilation is not used. */
export function averagePoolForward(device: Device, buffers: { x: Slice; y: Slice }, sizes: PoolSizes, countPadding: boolean): void {
  launch(device, averageForwardShader, { buffers, ...forOutputs(sizes), constants: { COUNT_PADDING: countPadding } });
}

/** dx from dy. */
export function averagePoolBackward(device: Device, buffers: { dy: Slice; dx: Slice }, sizes: PoolSizes, countPadding: boolean): void {
  launch(device, averageBackwardShader, { buffers, ...forInputs(sizes), constants: { COUNT_PADDING: countPadding } });
}
