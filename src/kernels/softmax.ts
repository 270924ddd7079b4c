import softmaxBackwardShader from "../../shaders/softmax_backward.wgsl";
import softmaxForwardShader from "../../shaders/softmax_forward.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";

interface Sizes {
  rows: number;
  cols: number;
}

const rowsPerWorkgroup = 16;

/** y = softmax of each row of x. */
export function softmaxForward(device: Device, buffers: { x: Slice; y: Slice }, sizes: Sizes): void {
  launch(device, softmaxForwardShader, { buffers, params: { ...sizes }, workgroups: workgroupsFor(sizes.rows, rowsPerWorkgroup) });
}

/** dx from the output y and its gradient dy. */
export function softmaxBackward(device: Device, buffers: { y: Slice; dy: Slice; dx: Slice }, sizes: Sizes): void {
  launch(device, softmaxBackwardShader, { buffers, params: { ...sizes }, workgroups: workgroupsFor(sizes.rows, rowsPerWorkgroup) });
}
