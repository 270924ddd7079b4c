// A binding that a variant never uses still needs a buffer, and no two read_write bindings may share one's bytes.
import { asWords, type Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";

const size_bytes = 256;

/** A slice that the dispatch reads anyway, as what stands in for one that it does not: a vec4 at least, the largest element declared. */
export function unread(slice: Slice): Slice {
  return { ...asWords(slice), size_bytes: Math.max(16, slice.size_bytes) };
}

/** Hands `use` the slices, with scratch in place of each null. */
export function withUnused<Name extends string>(device: Device, slices: Record<Name, Slice | null>, use: (slices: Record<Name, Slice>) => void): void {
  const entries = Object.entries(slices) as [Name, Slice | null][];
  const missing = entries.filter(([, slice]) => !slice).length;
  if (missing === 0) return use(slices as Record<Name, Slice>);
  const buffer = device.acquire(missing * size_bytes, "unused bindings");
  let used = 0;
  const filled = entries.map(([name, slice]) => [name, slice ?? { buffer, offset_bytes: size_bytes * used++, size_bytes }]);
  use(Object.fromEntries(filled) as Record<Name, Slice>);
  // The queue runs in order: whoever gets this buffer next cannot overtake the launch above.
  buffer.release();
}
