import embeddingBackwardShader from "../../shaders/embedding_backward.wgsl";
import embeddingForwardShader from "../../shaders/embedding_forward.wgsl";
import embeddingLinksShader from "../../shaders/embedding_links.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";

interface Sizes {
  vocab: number;
  width: number;
  count: number;
}

/** y = the rows of weight that tokens name. */
export function embeddingForward(device: Device, buffers: { weight: Slice; tokens: Slice; y: Slice; faults: Slice }, sizes: Sizes): void {
  launch(device, embeddingForwardShader, { buffers, params: { ...sizes }, workgroups: workgroupsFor(sizes.count * sizes.width, 64) });
}

/** dweight, all of it: rows whose token does not occur are zero. */
export function embeddingBackward(device: Device, buffers: { tokens: Slice; dy: Slice; dweight: Slice }, sizes: Sizes): void {
  const { tokens, dy, dweight } = buffers;
  if (dweight.size_bytes > 0) device.queue.clear(dweight);
  const size_bytes = sizes.count * 4;
  const buffer = device.acquire(size_bytes, "embedding links");
  const links = { buffer, offset_bytes: 0, size_bytes };
  launch(device, embeddingLinksShader, { buffers: { tokens, links }, params: { count: sizes.count }, workgroups: workgroupsFor(sizes.count, 16) });
  launch(device, embeddingBackwardShader, {
    buffers: { tokens, links, dy, dweight },
    params: { ...sizes },
    workgroups: workgroupsFor(sizes.count * sizes.width, 64),
  });
  buffer.release();
}
