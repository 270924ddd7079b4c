// Indices that live on the GPU cannot be checked before a launch: kernels report them, and the next await throws.
import { IndexError, UsageError } from "../errors.js";
import { PoolBuffer, usage, type BufferPool, type Slice } from "./buffers.js";

/** One report block; a multiple of every adapter's storage offset alignment. */
const blockBytes = 256;
const maxSites = 32;
/** Words before the entries, words an entry, entries a block: as in shaders/lib/index_check.wgsl. */
const headerWords = 2;
const entryWords = 3;
const maxEntries = 20;

interface Site {
  op: string;
  dtype: "i32" | "u32";
}

/**
 * The device's blocks of reported indices, one for each op and index type.
 *
 * A kernel that reads indices includes lib/index_check.wgsl, declares
 * `@group(0) @binding(n) var<storage, read_write> faults: IndexFaults;`, is launched with
 * `faults: device.indexFaults.block("embedding", tokens.dtype)`, and asks
 * `if (!check_index(index, extent, position)) { ... }` before it uses an index as u32 (a negative i32 is a large u32).
 * An index that fails must not be used: write zero in its place. Backward kernels skip it without a report.
 *
 * The next `device.read` or `device.sync` throws, once, each op's fault with the lowest position:
 * "embedding: index out of range, got 70 at position 13; use 0 to 64".
 */
export class IndexFaults {
  private readonly sites: Site[] = [];
  private buffer: PoolBuffer | null = null;

  constructor(
    private readonly gpu: GPUDevice,
    private readonly pool: BufferPool,
  ) {}

  /** Where kernels of `op` report. The same block on every call, so a captured step may keep it. */
  block(op: string, dtype: string): Slice {
    if (dtype !== "i32" && dtype !== "u32") throw new UsageError(`${op}: indices must be i32 or u32, got ${dtype}`);
    let site = this.sites.findIndex((known) => known.op === op && known.dtype === dtype);
    if (site < 0) site = this.sites.push({ op, dtype }) - 1;
    if (site >= maxSites) throw new UsageError(`${op}: more than ${maxSites} ops check indices; raise maxSites in index_check.ts`);
    return { buffer: this.memory(), offset_bytes: site * blockBytes, size_bytes: blockBytes };
  }

  /** All blocks in use, for a read-back to copy and clear; null before any op has asked for one. */
  get slice(): Slice | null {
    if (!this.buffer) return null;
    return { buffer: this.buffer, offset_bytes: 0, size_bytes: this.sites.length * blockBytes };
  }

  /** Throws IndexError if the copied blocks hold a fault: one line for each op that met one. */
  check(copied: ArrayBuffer): void {
    const lines = this.sites.flatMap(({ op, dtype }, position) => {
      // A site that came after the copy was made has no block in it.
      if ((position + 1) * blockBytes > copied.byteLength) return [];
      const fault = lowestFault(new Uint32Array(copied, position * blockBytes, blockBytes / 4));
      if (!fault) return [];
      const value = dtype === "i32" ? fault.value | 0 : fault.value;
      const wayOut = fault.extent === 0 ? "there is nothing to index" : `use 0 to ${fault.extent - 1}`;
      return [`${op}: index out of range, got ${value} at position ${fault.position}; ${wayOut}`];
    });
    if (lines.length > 0) throw new IndexError(lines.join("\n"));
  }

  /** Not of the pool's account: it is the device's own, as the uniform buffer is. WebGPU zeroes it. */
  private memory(): PoolBuffer {
    const size = maxSites * blockBytes;
    this.buffer ??= new PoolBuffer(
      this.gpu.createBuffer({ label: "index faults", size, usage: usage.storage | usage.copySource | usage.copyTarget }),
      size,
      this.pool,
    );
    return this.buffer;
  }
}

function lowestFault(words: Uint32Array): { position: number; value: number; extent: number } | null {
  const count = Math.min(words[1]!, maxEntries);
  let lowest: { position: number; value: number; extent: number } | null = null;
  for (let entry = 0; entry < count; entry++) {
    const at = headerWords + entry * entryWords;
    const [position, value, extent] = [words[at]!, words[at + 1]!, words[at + 2]!];
    if (!lowest || position < lowest.position) lowest = { position, value, extent };
  }
  return lowest;
}
