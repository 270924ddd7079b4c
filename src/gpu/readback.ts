// Reading GPU memory back: the one asynchronous act of the engine.
import { usage, type Slice } from "./buffers.js";
import type { LaunchQueue } from "./queue.js";

/** Staging buffers are kept by size, so that reading a loss every step creates none. */
export class Readback {
  private readonly free = new Map<number, GPUBuffer[]>();
  private closed = false;
  /**
   * Awaited between the submit and the map. Dawn's Node binding polls in a tight loop while a map is pending, which
   * takes a core from a software adapter: a training loop sleeps here for most of a step.
   */
  beforeMap: (() => Promise<void>) | null = null;

  constructor(
    private readonly gpu: GPUDevice,
    private readonly queue: LaunchQueue,
  ) {}

  /** Bytes of a slice; and those of `cleared`, which are zeroed for the launches that follow. One round trip. */
  async read(slice: Slice, cleared: Slice | null = null): Promise<{ bytes: ArrayBuffer; cleared: ArrayBuffer | null }> {
    this.queue.recording?.refuse("memory is read back (data, item, stats, sync)");
    const total_bytes = slice.size_bytes + (cleared?.size_bytes ?? 0);
    if (total_bytes === 0) return { bytes: new ArrayBuffer(0), cleared: null };
    const size_bytes = Math.max(256, 2 ** Math.ceil(Math.log2(total_bytes)));
    const staging =
      this.free.get(size_bytes)?.pop() ??
      this.gpu.createBuffer({ label: "readback", size: size_bytes, usage: usage.mapRead | usage.copyTarget });
    if (slice.size_bytes > 0) this.queue.copyOut(slice, staging);
    if (cleared) {
      this.queue.copyOut(cleared, staging, slice.size_bytes);
      this.queue.clear(cleared);
    }
    const { beforeMap } = this;
    // Reads queued together are submitted together.
    await this.queue.submitSoon();
    if (beforeMap) await beforeMap();
    await staging.mapAsync(1, 0, total_bytes); // GPUMapMode.READ
    const mapped = staging.getMappedRange(0, total_bytes);
    const bytes = mapped.slice(0, slice.size_bytes);
    const rest = cleared ? mapped.slice(slice.size_bytes) : null;
    staging.unmap();
    if (this.closed) staging.destroy();
    else this.keep(size_bytes, staging);
    return { bytes, cleared: rest };
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
