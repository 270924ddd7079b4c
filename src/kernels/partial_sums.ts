import partialSumsShader from "../../shaders/partial_sums.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch } from "../gpu/launch.js";

/** Of partials[start + chunk * size + i], the sum over the chunks goes to y[target + i]. Positions in elements. */
export interface PartialSum {
  start: number;
  chunks: number;
  size: number;
  target: number;
}

const workgroup = 64;

/** All of the sums in one launch. */
export function partialSums(device: Device, buffers: { partials: Slice; y: Slice }, sums: readonly PartialSum[]): void {
  const rows = sums.flatMap(({ start, chunks, size, target }) =>
    Array.from({ length: Math.ceil(size / workgroup) }, (_, i) => {
      const at = i * workgroup;
      return [start + at, size, chunks, target + at, Math.min(workgroup, size - at)];
    }),
  );
  if (rows.length === 0) return;
  const table = device.constant(Uint32Array.from(rows.flat()));
  // Of what is bound, only these parts are read and written.
  const elements = sums.reduce((sum, { chunks, size }) => sum + (chunks + 1) * size, 0);
  launch(device, partialSumsShader, { buffers: { ...buffers, table }, params: { rows: rows.length }, workgroups: rows.length, cost: { bytes: 4 * elements + table.size_bytes } });
}
