import dropoutMaskShader from "../../shaders/dropout_mask.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch } from "../gpu/launch.js";
import { mapWorkgroups, packed } from "./map.js";
import { givenScalar, heldScalar, type UnitScalar } from "./unit_scalar.js";

/** What a generator handed out: see tensor/random.ts. */
export interface RandomDraw {
  seed: number;
  offset: number;
}

/** Which elements a dropout zeroes: a function of these numbers and the element's position. */
export interface DropoutKey {
  /** Probability of an element to be zeroed. */
  p: UnitScalar;
  /** The generator's draw. A captured step puts the next one into this very object, so pass it on, never a copy. */
  draw: RandomDraw;
  /** Keeps kernels of different kinds apart that happen to use one seed and offset. */
  stream: number;
}

/** The key as the kernels take it, beside the binding `held_rate` and what varies. */
export function dropoutParams({ p, stream }: DropoutKey): { rate: number; stream: number } {
  return { rate: givenScalar(p), stream };
}

/** The Params that differ from step to step. */
export function dropoutVarying({ draw }: DropoutKey): () => { draw: number; seed: number } {
  return () => ({ draw: draw.offset, seed: draw.seed });
}

/** y = x with the key's elements zeroed and the others divided by 1 - p. */
export function dropoutMask(device: Device, buffers: { x: Slice; y: Slice }, key: DropoutKey, size: number): void {
  const packs = Math.ceil(size / 4);
  launch(device, dropoutMaskShader, {
    buffers: { ...packed(buffers), held_rate: heldScalar(key.p, buffers.x) },
    params: { packs, ...dropoutParams(key) },
    varying: dropoutVarying(key),
    workgroups: mapWorkgroups(device, packs),
  });
}
