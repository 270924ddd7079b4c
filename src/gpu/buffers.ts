// GPU memory: a pool of storage buffers by size class, and the account of what is live.
import { DisposedError, OutOfMemoryError, UsageError } from "../errors.js";

/** Buffer usage bits, so that no code depends on a global `GPUBufferUsage`. */
export const usage = { mapRead: 1, mapWrite: 2, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const;

/** A part of a buffer, in bytes. What kernels take. */
export interface Slice {
  readonly buffer: PoolBuffer;
  readonly offset_bytes: number;
  readonly size_bytes: number;
  /** Said of f16 elements: a launch then gives the kernel's type for this binding half the width, see half_types.ts. */
  readonly half?: true;
}

/** The same bytes seen as whole words: for kernels that move bits, whatever they mean. */
export function asWords({ buffer, offset_bytes, size_bytes }: Slice): Slice {
  return { buffer, offset_bytes, size_bytes };
}

/** GPU memory as the device's pool counts it. */
export interface MemoryReport {
  /** Bytes of buffers in use now. */
  liveBytes: number;
  /** Highest `liveBytes` seen since the device was opened or `resetPeak` was called. */
  peakBytes: number;
  /** Bytes kept for reuse. */
  pooledBytes: number;
  liveBuffers: number;
}

/** Is told of everything that is asked of a pool: `created_bytes` is 0 where a buffer kept for reuse served. */
export type PoolObserver = (asked: { label: string; bytes: number; created_bytes: number }) => void;

/** Where a buffer goes when its last owner lets go. */
export interface BufferHome {
  takeBack(buffer: PoolBuffer): void;
}

/** One GPUBuffer with its owners counted: tensors that view it, and tape entries that saved it. */
export class PoolBuffer {
  /** Raised by every in-place write; the tape compares it at backward. */
  version = 0;
  /** The batch of launches that last used this buffer: see LaunchQueue.write. */
  lastBatch = -1;
  private owners = 1;

  constructor(
    readonly gpu: GPUBuffer,
    readonly size_bytes: number,
    private home: BufferHome,
    /** The pool's epoch when it was created: see BufferPool.distrust. */
    readonly epoch = 0,
  ) {}

  get released(): boolean {
    return this.owners === 0;
  }

  /** True when more than one tensor or tape entry owns it: not safe to change in place. */
  get isShared(): boolean {
    return this.owners > 1;
  }

  retain(): this {
    if (this.owners === 0) throw new DisposedError("buffer: retained after its last owner released it");
    this.owners++;
    return this;
  }

  release(): void {
    if (this.owners === 0) throw new DisposedError("buffer: released more often than it was retained");
    if (--this.owners === 0) this.home.takeBack(this);
  }

  /** Goes to another home from now on. Called by homes only. */
  moveTo(home: BufferHome): void {
    this.home = home;
  }

  /** Back in use. Called by homes only. */
  reuse(): this {
    this.owners = 1;
    this.version = 0;
    return this;
  }
}

export class BufferPool implements BufferHome {
  private readonly free = new Map<number, PoolBuffer[]>();
  private live_bytes = 0;
  private peak_bytes = 0;
  private pooled_bytes = 0;
  private live_buffers = 0;
  private epoch = 0;
  /** Not handed out again, but not yet destroyed: what is recorded may use them. */
  private condemned: GPUBuffer[] = [];
  /** How many buffers were ever created. */
  created = 0;
  /** The last one asked for, for messages. */
  newest: { readonly label: string; readonly bytes: number } | null = null;

  constructor(
    private readonly gpu: GPUDevice,
    /** The largest tensor: what one binding may span. */
    readonly maxBytes: number,
    private readonly observer: PoolObserver | null = null,
  ) {}

  /** A storage buffer of at least `bytes`. Contents are undefined: kernels must write all they read. */
  acquire(bytes: number, label: string): PoolBuffer {
    const size_bytes = sizeClass(bytes);
    // Of one class, some fit a binding and some do not.
    if (bytes > this.maxBytes) {
      throw new OutOfMemoryError(
        `${label}: a tensor of ${bytes} bytes is over the adapter's limit of ${this.maxBytes} bytes a binding; use a smaller shape or batch`,
      );
    }
    const kept = this.free.get(size_bytes)?.pop();
    this.observer?.({ label, bytes, created_bytes: kept ? 0 : size_bytes });
    if (kept) this.pooled_bytes -= size_bytes;
    const buffer = kept ? kept.reuse() : this.create(size_bytes, label);
    this.live_bytes += size_bytes;
    this.live_buffers++;
    this.peak_bytes = Math.max(this.peak_bytes, this.live_bytes);
    return buffer;
  }

  private create(size_bytes: number, label: string): PoolBuffer {
    this.newest = { label, bytes: size_bytes };
    const gpu = this.gpu.createBuffer({
      label,
      size: Math.min(size_bytes, Math.max(this.maxBytes, 256)),
      usage: usage.storage | usage.uniform | usage.copySource | usage.copyTarget,
    });
    this.created++;
    return new PoolBuffer(gpu, size_bytes, this, this.epoch);
  }

  /** Called by PoolBuffer.release. Safe at once: the queue runs in order, so later work cannot overtake. */
  takeBack(buffer: PoolBuffer): void {
    this.live_bytes -= buffer.size_bytes;
    this.live_buffers--;
    if (buffer.epoch !== this.epoch) {
      this.condemned.push(buffer.gpu);
      return;
    }
    this.pooled_bytes += buffer.size_bytes;
    const list = this.free.get(buffer.size_bytes);
    if (list) list.push(buffer);
    else this.free.set(buffer.size_bytes, [buffer]);
  }

  /**
   * Hands no buffer made so far out again. For after an out-of-memory error: it arrives late and does not say which
   * buffer is invalid.
   */
  distrust(): void {
    this.epoch++;
    for (const list of this.free.values()) this.condemned.push(...list.map(({ gpu }) => gpu));
    this.free.clear();
    this.pooled_bytes = 0;
  }

  /** Called when nothing recorded waits for its submit. Without it their memory would be free only when JavaScript collects them. */
  destroyCondemned(): void {
    if (this.condemned.length === 0) return;
    for (const gpu of this.condemned) gpu.destroy();
    this.condemned = [];
  }

  /** Destroys the buffers kept for reuse. */
  trim(): void {
    this.destroyCondemned();
    for (const list of this.free.values()) for (const buffer of list) buffer.gpu.destroy();
    this.free.clear();
    this.pooled_bytes = 0;
  }

  report(): MemoryReport {
    return {
      liveBytes: this.live_bytes,
      peakBytes: this.peak_bytes,
      pooledBytes: this.pooled_bytes,
      liveBuffers: this.live_buffers,
    };
  }

  resetPeak(): void {
    this.peak_bytes = this.live_bytes;
  }
}

/** Rounds up to limit the number of classes: to 256 B below 4 KiB, then to an eighth of the power of two. */
function sizeClass(bytes: number): number {
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw new UsageError(`buffer: size must be a whole number of bytes, got ${bytes}`);
  const step = bytes <= 4096 ? 256 : 2 ** (Math.floor(Math.log2(bytes)) - 3);
  return Math.max(256, Math.ceil(bytes / step) * step);
}
