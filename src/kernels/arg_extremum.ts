import argExtremumShader from "../../shaders/arg_extremum.wgsl";
import argExtremumMergeShader from "../../shaders/arg_extremum_merge.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";

export interface ArgExtremumSpec {
  outer: number;
  extent: number;
  inner: number;
  dtype: "f32" | "i32" | "u32";
  minimum: boolean;
}

const perWorkgroup = 16;
const fewestPerChunk = 256;

/** y = the first index of the largest (smallest) element along the middle of [outer, extent, inner]. */
export function argExtremum(device: Device, buffers: { x: Slice; y: Slice }, spec: ArgExtremumSpec): void {
  const { inner, extent } = spec;
  const outputs = spec.outer * inner;
  if (outputs === 0) return;
  const wanted = Math.ceil((device.adapter.class === "cpu" ? 512 : 16384) / outputs);
  const chunk_length = Math.ceil(extent / Math.max(1, Math.min(wanted, Math.floor(extent / fewestPerChunk))));
  const chunks = Math.ceil(extent / chunk_length);
  const constants = { MINIMUM: spec.minimum, FLOAT: spec.dtype === "f32" };
  const types = { Element: spec.dtype };
  const size_bytes = outputs * chunks * 4;
  const winners = chunks > 1 ? device.acquire(size_bytes, "argmax winners") : null;
  const target = winners ? { buffer: winners, offset_bytes: 0, size_bytes } : buffers.y;
  launch(device, argExtremumShader, {
    buffers: { x: buffers.x, y: target },
    params: { outputs, inner, extent, chunks, chunk_length },
    constants,
    types,
    workgroups: workgroupsFor(outputs * chunks, perWorkgroup),
  });
  if (!winners) return;
  launch(device, argExtremumMergeShader, {
    buffers: { x: buffers.x, winners: target, y: buffers.y },
    params: { outputs, inner, extent, chunks },
    constants,
    types,
    workgroups: workgroupsFor(outputs, perWorkgroup),
  });
  winners.release();
}
