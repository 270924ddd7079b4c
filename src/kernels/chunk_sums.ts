// Gradients of weight and bias by chunks of rows: a first launch writes one pair of sums a chunk, a second adds them.
import chunkSumsShader from "../../shaders/chunk_sums.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";

/** Enough chunks to fill the adapter, of at least 16 rows each, and few enough for one invocation to add up. */
export function chunksFor(device: Device, rows: number, lanes: number): number {
  const wanted = Math.ceil((device.adapter.class === "cpu" ? 512 : 16384) / lanes);
  return Math.max(1, Math.min(wanted, Math.floor(rows / 16), 256));
}

/** Runs `first` on [chunks, cols] scratch and adds the chunks into dw and db; one chunk goes to them directly. */
export function sumByChunks(
  device: Device,
  { dw, db }: { dw: Slice; db: Slice },
  { chunks, cols }: { chunks: number; cols: number },
  first: (target: { dw: Slice; db: Slice }) => void,
): void {
  if (chunks === 1) return first({ dw, db });
  const size_bytes = chunks * cols * 4;
  const scratch = (): Slice => ({ buffer: device.acquire(size_bytes, "sums of chunks"), offset_bytes: 0, size_bytes });
  const partial = { dw: scratch(), db: scratch() };
  first(partial);
  const fours = cols % 4 === 0;
  const lanes = fours ? cols / 4 : cols;
  launch(device, chunkSumsShader, {
    buffers: { dw_chunks: partial.dw, db_chunks: partial.db, dw, db },
    params: { chunks, cols: lanes },
    types: { Element: fours ? "vec4f" : "f32" },
    workgroups: workgroupsFor(lanes, 16),
  });
  // The queue runs in order: whoever gets these buffers next cannot overtake the launches above.
  partial.dw.buffer.release();
  partial.db.buffer.release();
}
