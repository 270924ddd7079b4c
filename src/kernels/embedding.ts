import embeddingBackwardPositionsShader from "../../shaders/embedding_backward_positions.wgsl";
import embeddingBackwardTokensShader from "../../shaders/embedding_backward_tokens.wgsl";
import embeddingForwardShader from "../../shaders/embedding_forward.wgsl";
import embeddingLinksShader from "../../shaders/embedding_links.wgsl";
import embeddingFoursShader from "../../shaders/lib/embedding_fours.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import { dropoutParams, dropoutVarying, type DropoutKey } from "./dropout.js";
import { heldScalar } from "./unit_scalar.js";
import { withUnused } from "./unused.js";

export interface EmbeddingSizes {
  vocab: number;
  /** Rows of the table of positions, 0 without one. */
  block: number;
  width: number;
  count: number;
  /** Tokens of a sequence, the first at position `offset`. */
  seq: number;
  offset: number;
}

const workgroup = 64;

/** What the kernels of lib/embedding.wgsl have in common, over `rows` of tokens or positions: four columns at once, where the width allows it, and the dropout. */
function formOf(device: Device, { width, ...sizes }: EmbeddingSizes, rows: number, dropout: DropoutKey | null) {
  const fours = width % 4 === 0;
  const columns = fours ? width / 4 : width;
  // Each lane that joins a row, and each workgroup, costs a software adapter more than a few columns.
  const [mostLanes, fewestRows] = device.adapter.class === "cpu" ? [8, 16] : [workgroup, 1];
  const LANES = Math.min(mostLanes, 2 ** Math.ceil(Math.log2(Math.max(1, columns))));
  const ROWS = Math.max(workgroup / LANES, fewestRows);
  const key = dropout ?? { p: 0, draw: { seed: 0, offset: 0 }, stream: 0 };
  return {
    how: {
      ...(fours ? { types: { Element: "vec4f" }, functions: embeddingFoursShader } : {}),
      params: { ...sizes, width: columns, ...dropoutParams(key) },
      varying: dropoutVarying(key),
      workgroups: workgroupsFor(rows, ROWS),
    },
    constants: { WORKGROUP: workgroup, LANES, ROWS, DROPOUT: dropout !== null },
    held: (unused: Slice) => ({ held_rate: heldScalar(key.p, unused) }),
  };
}

/** Lists of positions by token, for the backward. */
export interface TokenLists {
  /** [vocab] */
  heads: Slice;
  /** [count] */
  below: Slice;
}

/** y = the rows of weight that tokens name, plus those of their positions unless null, after dropout unless null. */
export function embeddingForward(
  device: Device,
  buffers: { weight: Slice; positions: Slice | null; tokens: Slice; y: Slice; faults: Slice; lists: TokenLists | null },
  sizes: EmbeddingSizes,
  dropout: DropoutKey | null,
): void {
  const { weight, positions, tokens, y, faults, lists } = buffers;
  const { how, constants, held } = formOf(device, sizes, sizes.count, dropout);
  if (lists && lists.heads.size_bytes > 0) device.queue.clear(lists.heads);
  withUnused(device, { heads: lists?.heads ?? null, below: lists?.below ?? null }, (outputs) =>
    launch(device, embeddingForwardShader, {
      ...how,
      buffers: { weight, positions: positions ?? weight, tokens, y, faults, ...outputs, ...held(weight) },
      constants: { ...constants, HAS_POSITIONS: positions !== null, LISTS: lists !== null },
    }),
  );
}

/** dweight += the rows of dy by token, or all of it: rows whose token does not occur are then zero. */
export function embeddingBackwardTokens(
  device: Device,
  buffers: { tokens: Slice; lists: TokenLists; dy: Slice; dweight: Slice },
  sizes: EmbeddingSizes,
  dropout: DropoutKey | null,
  { accumulate }: { accumulate: boolean },
): void {
  const { tokens, lists, dy, dweight } = buffers;
  if (!accumulate && dweight.size_bytes > 0) device.queue.clear(dweight);
  const { vocab, count } = sizes;
  if (count === 0 || vocab === 0) return;
  const links: Slice = { buffer: device.acquire(count * 4, "embedding links"), offset_bytes: 0, size_bytes: count * 4 };
  launch(device, embeddingLinksShader, { buffers: { tokens, ...lists, links }, params: { vocab, count }, workgroups: workgroupsFor(count, 16) });
  const { how, constants, held } = formOf(device, sizes, count, dropout);
  launch(device, embeddingBackwardTokensShader, {
    ...how,
    buffers: { tokens, links, dy, dweight, ...held(tokens) },
    constants: { ...constants, ACCUMULATE: accumulate },
  });
  // The queue runs in order: whoever gets this buffer next cannot overtake the launches above.
  links.buffer.release();
}

/** dpositions += the rows of dy summed over the batch, or all of it: positions that were not used are then zero. */
export function embeddingBackwardPositions(
  device: Device,
  buffers: { dy: Slice; dpositions: Slice },
  sizes: EmbeddingSizes,
  dropout: DropoutKey | null,
  { accumulate }: { accumulate: boolean },
): void {
  const { dy, dpositions } = buffers;
  if (sizes.count === 0) {
    if (!accumulate && dpositions.size_bytes > 0) device.queue.clear(dpositions);
    return;
  }
  const { how, constants, held } = formOf(device, sizes, sizes.block, dropout);
  launch(device, embeddingBackwardPositionsShader, {
    ...how,
    buffers: { dy, dpositions, ...held(dy) },
    constants: { ...constants, ACCUMULATE: accumulate },
  });
}
