import dropoutMaskShader from "../../shaders/dropout_mask.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch } from "../gpu/launch.js";
import { mapWorkgroups, packed } from "./map.js";

/** Which elements a dropout zeroes: a function of these numbers and the element's position. */
export interface DropoutKey {
  /** In (0, 1). */
  p: number;
  seed: number;
  /** The generator's offset of this draw. */
  offset: number;
  /** Keeps kernels of different kinds apart that happen to use one seed and offset. */
  stream: number;
}

/** The key as the kernels take it: a word below `threshold` drops its element. */
export function dropoutParams({ p, seed, offset, stream }: DropoutKey): { threshold: number; keep_scale: number; stream: number; draw: number; seed: number } {
  return { threshold: Math.floor(p * 2 ** 32), keep_scale: 1 / (1 - p), stream, draw: offset, seed };
}

/** y = x with the key's elements zeroed and the others divided by 1 - p. */
export function dropoutMask(device: Device, buffers: { x: Slice; y: Slice }, key: DropoutKey, size: number): void {
  const packs = Math.ceil(size / 4);
  launch(device, dropoutMaskShader, {
    buffers: packed(buffers),
    params: { packs, ...dropoutParams(key) },
    workgroups: mapWorkgroups(device, packs),
  });
}
