// The buffers of a captured step: reused inside the step as tensors come and go, and by nobody else afterwards.
import type { BufferHome, BufferPool, PoolBuffer } from "./buffers.js";

/** A free buffer serves if it is at most so many times larger than what is asked for. */
const mostWaste = 2;

/**
 * Gives out the pool's buffers while a step is recorded and takes them back itself. Two tensors share a buffer where
 * their lifetimes do not meet: ops run in the order in which they were recorded, so what eager memory reuse finds is
 * the plan's layout. Not one arena: WebGPU forbids a dispatch to read one part of a buffer and write another.
 */
export class PlanMemory implements BufferHome {
  readonly all = new Set<PoolBuffer>();
  private readonly free = new Set<PoolBuffer>();

  constructor(private readonly pool: BufferPool) {}

  get size_bytes(): number {
    return [...this.all].reduce((sum, buffer) => sum + buffer.size_bytes, 0);
  }

  get buffers(): number {
    return this.all.size;
  }

  owns(buffer: PoolBuffer): boolean {
    return this.all.has(buffer);
  }

  acquire(bytes: number, label: string): PoolBuffer {
    let best: PoolBuffer | null = null;
    for (const buffer of this.free) {
      if (buffer.size_bytes < bytes || buffer.size_bytes > mostWaste * Math.max(256, bytes)) continue;
      if (!best || buffer.size_bytes < best.size_bytes) best = buffer;
    }
    if (best) {
      this.free.delete(best);
      return best.reuse();
    }
    const buffer = this.pool.acquire(bytes, label);
    buffer.moveTo(this);
    this.all.add(buffer);
    return buffer;
  }

  takeBack(buffer: PoolBuffer): void {
    this.free.add(buffer);
  }

  /** The pool gets back what is free now, and the rest when its last owner lets go. */
  dispose(): void {
    for (const buffer of this.all) {
      buffer.moveTo(this.pool);
      if (this.free.has(buffer)) this.pool.takeBack(buffer);
    }
    this.all.clear();
    this.free.clear();
  }
}
