// Reading GPU memory back: the one asynchronous act of the engine.
import { usage, type Slice } from "./buffers.js";
import type { LaunchQueue } from "./queue.js";

/** Staging buffers are kept by size, so that reading a loss every step creates none. */
export class Readback {
  private readonly free = new Map<number, GPUBuffer[]>();
  private closed = false;

  constructor(
    private readonly gpu: GPUDevice,
    private readonly queue: LaunchQueue,
  ) {}

  async read(slice: Slice): Promise<ArrayBuffer> {
    if (slice.size_bytes === 0) return new ArrayBuffer(0);
    const size_bytes = Math.max(256, 2 ** Math.ceil(Math.log2(slice.size_bytes)));
    const staging =
      this.free.get(size_bytes)?.pop() ??
      this.gpu.createBuffer({ label: "readback", size: size_bytes, usage: usage.mapRead | usage.copyTarget });
    this.queue.copyOut(slice, staging);
    this.queue.flush();
    await staging.mapAsync(1, 0, slice.size_bytes); // GPUMapMode.READ
    const bytes = staging.getMappedRange(0, slice.size_bytes).slice(0);
    staging.unmap();
    if (this.closed) staging.destroy();
    else this.keep(size_bytes, staging);
    return bytes;
  }

  close(): void {
    this.closed = true;
    for (const list of this.free.values()) for (const staging of list) staging.destroy();
    this.free.clear();
  }

  private keep(size_bytes: number, staging: GPUBuffer): void {
    const list = this.free.get(size_bytes);
    if (list) list.push(staging);
    else this.free.set(size_bytes, [staging]);
  }
}
