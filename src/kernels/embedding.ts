import embeddingBackwardShader from "../../shaders/embedding_backward.wgsl";
import embeddingForwardShader from "../../shaders/embedding_forward.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";

interface Sizes {
  vocab: number;
  width: number;
  count: number;
}

export function embeddingForward(device: Device, buffers: { weight: Slice; tokens: Slice; y: Slice; faults: Slice }, sizes: Sizes): void {
  launch(device, embeddingForwardShader, { buffers, params: { ...sizes }, workgroups: workgroupsFor(sizes.count * sizes.width, 64) });
}

export function embeddingBackward(device: Device, buffers: { tokens: Slice; dy: Slice; dweight: Slice }, sizes: Sizes): void {
  launch(device, embeddingBackwardShader, { buffers, params: { ...sizes }, workgroups: workgroupsFor(sizes.vocab * sizes.width, 64) });
}
