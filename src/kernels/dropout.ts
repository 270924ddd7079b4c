import dropoutMaskShader from "../../shaders/dropout_mask.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch } from "../gpu/launch.js";
import { mapWorkgroups, packed } from "./map.js";
import { givenScalar, heldScalar, type UnitScalar } from "./unit_scalar.js";

/** Which elements a dropout zeroes: a function of these numbers and the element's position. */
export interface DropoutKey {
  /** Probability of an element to be zeroed. */
  p: UnitScalar;
  seed: number;
  /** The generator's offset of this draw. */
  offset: number;
  /** Keeps kernels of different kinds apart that happen to use one seed and offset. */
  stream: number;
}

/** The key as the kernels take it, beside the binding `held_rate`. */
export function dropoutParams({ p, seed, offset, stream }: DropoutKey): { rate: number; stream: number; draw: number; seed: number } {
  return { rate: givenScalar(p), stream, draw: offset, seed };
}

/** y = x with the key's elements zeroed and the others divided by 1 - p. */
export function dropoutMask(device: Device, buffers: { x: Slice; y: Slice }, key: DropoutKey, size: number): void {
  const packs = Math.ceil(size / 4);
  launch(device, dropoutMaskShader, {
    buffers: { ...packed(buffers), held_rate: heldScalar(key.p, buffers.x) },
    params: { packs, ...dropoutParams(key) },
    workgroups: mapWorkgroups(device, packs),
  });
}
