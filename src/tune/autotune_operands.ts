// Made-up operands of a product, to time kernels on.
import type { PoolBuffer, Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import type { MatmulBuffers } from "../kernels/matmul.js";
import { batchesOf, type MatmulLayout } from "../kernels/matmul_layout.js";
import type { SeenProduct } from "../kernels/matmul_tuning.js";

export interface TunedOperands extends MatmulBuffers {
  layout: MatmulLayout;
  /** What two kernels may differ by: the rounding of k terms below 1 in size, added in another order. */
  tolerance: number;
  /** y, once everything launched has run. */
  result(): Promise<Float32Array>;
  /** Makes y hold what no product gives. */
  clear(): Promise<void>;
}

/** Gives the memory back when `use` is done. */
export async function withOperands<T>(device: Device, { layout, aHalf, bHalf }: SeenProduct, use: (operands: TunedOperands) => Promise<T>): Promise<T> {
  const { m, n, k, aRow, aCol, bRow, bCol, batch } = layout;
  const span = (extents: readonly number[], strides: readonly number[]) => extents.reduce((end, extent, axis) => end + (extent - 1) * strides[axis]!, 1);
  const taken: PoolBuffer[] = [];
  const make = (elements: number, half: boolean, fill: ArrayBufferView | null): Slice => {
    const size_bytes = Math.ceil((elements * (half ? 2 : 4)) / 16) * 16;
    const buffer = device.acquire(size_bytes, "autotune");
    taken.push(buffer);
    const slice = { buffer, offset_bytes: 0, size_bytes, ...(half && { half: true as const }) };
    if (fill) device.queue.write(slice, fill);
    return slice;
  };
  const drawn = (elements: number, half: boolean) => {
    const padded = Math.ceil(elements / 8) * 8;
    return make(elements, half, half ? new Uint16Array(padded).map((_, i) => halfBits(i)) : new Float32Array(padded).map((_, i) => noise(i)).subarray(0, Math.ceil(elements / 4) * 4));
  };
  try {
    const a = drawn(span([m, k, ...batch.extents], [aRow, aCol, ...batch.a]), aHalf);
    const b = drawn(span([k, n, ...batch.extents], [bRow, bCol, ...batch.b]), bHalf);
    const size = m * n * batchesOf(layout);
    const y = make(size, false, null);
    const nothing = new Float32Array(y.size_bytes / 4).fill(1e30);
    return await use({
      a,
      b,
      y,
      layout,
      tolerance: 1e-6 * k + 1e-5,
      result: async () => new Float32Array(await device.read(y)).subarray(0, size),
      clear: async () => device.queue.write(y, nothing),
    });
  } finally {
    for (const buffer of taken) buffer.release();
  }
}

/** In [-0.5, 0.5), without a pattern that a wrong index would keep. */
function noise(i: number): number {
  return (Math.imul(i ^ (i >>> 15), 0x2c1b3c6d) >>> 8) / 2 ** 24 - 0.5;
}

/** The bits of an f16 of either sign, from 1/8 to below 1/2. */
function halfBits(i: number): number {
  const hash = Math.imul(i ^ (i >>> 15), 0x2c1b3c6d) >>> 16;
  return (hash & 0x8000) | (0x3000 + (hash & 0x7ff));
}
