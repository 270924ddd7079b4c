// Small immutable arrays that kernels read: made once for each content, so that a step that needs one writes nothing.
import { PoolBuffer, usage, type BufferPool, type Slice } from "./buffers.js";

/** Contents kept; beyond, all are forgotten and made again when asked for. What still uses one keeps its buffer alive. */
const mostKept = 1024;

export class Constants {
  private readonly kept = new Map<string, Slice>();

  constructor(
    private readonly gpu: GPUDevice,
    private readonly pool: BufferPool,
  ) {}

  get(values: Float32Array | Int32Array | Uint32Array): Slice {
    const key = String.fromCharCode(...new Uint16Array(values.buffer, values.byteOffset, values.byteLength / 2));
    let slice = this.kept.get(key);
    if (!slice) {
      if (this.kept.size >= mostKept) this.kept.clear();
      this.kept.set(key, (slice = this.create(values)));
    }
    return slice;
  }

  /** Not of the pool's account: it is the device's own, as the uniform buffer is. Queue writes precede all that is launched later. */
  private create(values: Float32Array | Int32Array | Uint32Array): Slice {
    const size_bytes = Math.max(16, values.byteLength);
    const buffer = this.gpu.createBuffer({
      label: "constant",
      size: Math.ceil(size_bytes / 16) * 16,
      usage: usage.storage | usage.uniform | usage.copySource | usage.copyTarget,
    });
    this.gpu.queue.writeBuffer(buffer, 0, values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
    return { buffer: new PoolBuffer(buffer, size_bytes, this.pool), offset_bytes: 0, size_bytes: values.byteLength };
  }
}
