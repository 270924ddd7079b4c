import flagShader from "../../shaders/flag_not_finite.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch } from "../gpu/launch.js";

const workgroup = 64;
const mostWorkgroups = 1024;

/** flags[mark] = 1 where any of the `size` elements is NaN or infinite. */
export function flagNotFinite(device: Device, { x, flags }: { x: Slice; flags: Slice }, { size, mark }: { size: number; mark: number }): void {
  launch(device, flagShader, {
    buffers: { x, flags },
    params: { size, mark },
    constants: { WORKGROUP: workgroup },
    workgroups: Math.min(mostWorkgroups, Math.ceil(size / workgroup)),
  });
}
