import embeddingBackwardShader from "../../shaders/embedding_backward.wgsl";
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
      cost: { bytes: forwardBytes(buffers, sizes) },
    }),
  );
}

/** At most the rows that are named cross the memory, not the tables. */
function forwardBytes({ weight, positions, tokens, y, lists }: Parameters<typeof embeddingForward>[1], { seq, count, width }: EmbeddingSizes): number {
  const row_bytes = y.size_bytes / Math.max(1, count);
  const named = Math.min(weight.size_bytes, count * row_bytes) + (positions ? Math.min(seq, count) * row_bytes : 0);
  return width === 0 ? 0 : named + tokens.size_bytes + y.size_bytes + (lists ? 2 * tokens.size_bytes : 0);
}

/** Memory of a table's gradient. */
export interface TableGradient {
  slice: Slice;
  /** Whether it is added to: otherwise all of it is written, and rows that were not used are zero. */
  accumulate: boolean;
}

/** The gradients of both tables: sums of dy by token and by position. A null one is not computed. */
export function embeddingBackward(
  device: Device,
  buffers: { tokens: Slice; lists: TokenLists | null; dy: Slice; weight: TableGradient | null; positions: TableGradient | null },
  sizes: EmbeddingSizes,
  dropout: DropoutKey | null,
): void {
  const { tokens, lists, dy, weight, positions } = buffers;
  const { vocab, count, block } = sizes;
  const clear = (table: TableGradient | null) => table && !table.accumulate && table.slice.size_bytes > 0 && device.queue.clear(table.slice);
  clear(weight);
  if (count === 0) return void clear(positions);
  const byToken = weight !== null && lists !== null && vocab > 0;
  const links: Slice | null = byToken ? { buffer: device.acquire(count * 4, "embedding links"), offset_bytes: 0, size_bytes: count * 4 } : null;
  if (links) {
    launch(device, embeddingLinksShader, { buffers: { tokens, ...lists, links }, params: { vocab, count }, workgroups: workgroupsFor(count, 16) });
  }
  const { how, constants, held } = formOf(device, sizes, (byToken ? count : 0) + (positions ? block : 0), dropout);
  withUnused(device, { dweight: byToken ? weight.slice : null, dpositions: positions?.slice ?? null }, (outputs) =>
    launch(device, embeddingBackwardShader, {
      ...how,
      buffers: { tokens, links: links ?? tokens, dy, ...outputs, ...held(tokens) },
      constants: { ...constants, WANTS_W: byToken, WANTS_P: positions !== null, ADDS_W: weight?.accumulate ?? false, ADDS_P: positions?.accumulate ?? false },
    }),
  );
  // The queue runs in order: whoever gets this buffer next cannot overtake the launches above.
  links?.buffer.release();
}
