import embeddingBackwardShader from "../../shaders/embedding_backward.wgsl";
import embeddingForwardShader from "../../shaders/embedding_forward.wgsl";
import embeddingLinksShader from "../../shaders/embedding_links.wgsl";
import embeddingListsShader from "../../shaders/embedding_lists.wgsl";
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
  const { params, types } = inFours(sizes);
  launch(device, embeddingForwardShader, { buffers, params, types, workgroups: workgroupsFor(params.count * params.width, 64) });
}

/** dweight, all of it: rows whose token does not occur are zero. */
export function embeddingBackward(device: Device, buffers: { tokens: Slice; dy: Slice; dweight: Slice }, sizes: Sizes): void {
  const { tokens, dy, dweight } = buffers;
  if (dweight.size_bytes > 0) device.queue.clear(dweight);
  if (sizes.count === 0 || sizes.vocab === 0) return;
  const [heads, below, links] = [sizes.vocab, sizes.count, sizes.count].map((words) => ({
    buffer: device.acquire(words * 4, "embedding links"),
    offset_bytes: 0,
    size_bytes: words * 4,
  })) as [Slice, Slice, Slice];
  device.queue.clear(heads);
  const { vocab, count } = sizes;
  launch(device, embeddingListsShader, { buffers: { tokens, heads, below }, params: { vocab, count }, workgroups: workgroupsFor(count, 64) });
  launch(device, embeddingLinksShader, { buffers: { tokens, heads, below, links }, params: { vocab, count }, workgroups: workgroupsFor(count, 16) });
  const { params, types } = inFours(sizes);
  launch(device, embeddingBackwardShader, {
    buffers: { tokens, links, dy, dweight },
    params,
    types,
    workgroups: workgroupsFor(params.count * params.width, 64),
  });
  // The queue runs in order, so whoever gets these buffers next cannot overtake the launches above.
  for (const { buffer } of [heads, below, links]) buffer.release();
}

/** Four columns at once, where the width allows it. */
function inFours(sizes: Sizes): { params: { vocab: number; width: number; count: number }; types: Record<string, string> } {
  if (sizes.width % 4 !== 0) return { params: { ...sizes }, types: {} };
  return { params: { ...sizes, width: sizes.width / 4 }, types: { Element: "vec4f" } };
}
