import accumulateShader from "../../shaders/accumulate.wgsl";
import accumulateInPlaceShader from "../../shaders/accumulate_in_place.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch } from "../gpu/launch.js";
import { mapWorkgroups } from "./map.js";

/** Four at once where that comes out even. */
function formOf(device: Device, size: number) {
  const fours = size % 4 === 0;
  const elements = fours ? size / 4 : size;
  return { types: { Element: fours ? "vec4f" : "f32" }, params: { size: elements }, workgroups: mapWorkgroups(device, elements) };
}

/** y = a + b. */
export function accumulate(device: Device, buffers: { a: Slice; b: Slice; y: Slice }, { size }: { size: number }): void {
  launch(device, accumulateShader, { buffers, ...formOf(device, size) });
}

/** y += b. */
export function accumulateInPlace(device: Device, buffers: { b: Slice; y: Slice }, { size }: { size: number }): void {
  launch(device, accumulateInPlaceShader, { buffers, ...formOf(device, size) });
}
