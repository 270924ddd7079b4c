import trilShader from "../../shaders/tril.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";

/** y = the lower (or upper) triangle of each matrix of x. */
export function tril(
  device: Device,
  buffers: { x: Slice; y: Slice },
  params: { size: number; rows: number; cols: number; diagonal: number },
  upper: boolean,
): void {
  launch(device, trilShader, { buffers, params, constants: { UPPER: upper }, workgroups: workgroupsFor(params.size, 64) });
}
