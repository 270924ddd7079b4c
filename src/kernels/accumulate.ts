import accumulateShader from "../../shaders/accumulate.wgsl";
import accumulateInPlaceShader from "../../shaders/accumulate_in_place.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";

/** y = a + b. */
export function accumulate(device: Device, buffers: { a: Slice; b: Slice; y: Slice }, params: { size: number }): void {
  launch(device, accumulateShader, { buffers, params, workgroups: workgroupsFor(params.size, 64) });
}

/** y += b. */
export function accumulateInPlace(device: Device, buffers: { b: Slice; y: Slice }, params: { size: number }): void {
  launch(device, accumulateInPlaceShader, { buffers, params, workgroups: workgroupsFor(params.size, 64) });
}
