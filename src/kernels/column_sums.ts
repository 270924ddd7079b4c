import columnSumsShader from "../../shaders/column_sums.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";

interface Sizes {
  groups: number;
  rows: number;
  cols: number;
}

const perWorkgroup = 16;

/** y [groups, cols] = sums over the rows of x [groups, rows, cols]. Zero where there are no rows. */
export function columnSums(device: Device, buffers: { x: Slice; y: Slice }, sizes: Sizes): void {
  const chunks = chunksFor(device, sizes);
  if (chunks === 1) return sumChunks(device, buffers, sizes, 1);
  const size_bytes = sizes.groups * chunks * sizes.cols * 4;
  const buffer = device.acquire(size_bytes, "column sums");
  const partial = { buffer, offset_bytes: 0, size_bytes };
  sumChunks(device, { x: buffers.x, y: partial }, sizes, chunks);
  sumChunks(device, { x: partial, y: buffers.y }, { ...sizes, rows: chunks }, 1);
  buffer.release();
}

/** Enough chunks to keep the adapter busy, of at least 16 rows each; about as many chunks as rows in one at most. */
function chunksFor(device: Device, { groups, rows, cols }: Sizes): number {
  const wanted = (device.adapter.class === "cpu" ? 512 : 16384) / (groups * lanesFor(cols));
  return Math.max(1, Math.min(Math.ceil(wanted), Math.floor(rows / 16), Math.ceil(Math.sqrt(rows))));
}

function lanesFor(cols: number): number {
  return cols % 4 === 0 ? cols / 4 : cols;
}

function sumChunks(device: Device, buffers: { x: Slice; y: Slice }, { groups, rows, cols }: Sizes, chunks: number): void {
  // Without rows, x has no memory to bind as vec4s.
  const lanes = rows === 0 ? cols : lanesFor(cols);
  launch(device, columnSumsShader, {
    buffers,
    params: { groups, rows, cols: lanes, chunks, rows_per_chunk: Math.ceil(rows / chunks) },
    types: { Element: lanes === cols ? "f32" : "vec4f" },
    workgroups: workgroupsFor(groups * chunks * lanes, perWorkgroup),
  });
}
