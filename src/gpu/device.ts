// The device: one GPU device with its memory pool, pipelines, launch queue and the fate of its errors.
import { DeviceLostError, DisposedError, GpuError, GpuTimeoutError, OutOfMemoryError, ShaderError } from "../errors.js";
import { describeAdapter, deviceDescriptor, type AdapterDescription } from "./adapter.js";
import { BufferPool, type MemoryReport, type PoolBuffer, type PoolObserver, type Slice } from "./buffers.js";
import { Constants } from "./constants.js";
import { withDeadline } from "./deadline.js";
import { IndexFaults } from "./index_check.js";
import { PipelineCache } from "./pipelines.js";
import { LaunchQueue } from "./queue.js";
import { Readback } from "./readback.js";

/** What a device takes from elsewhere than its adapter: see dry_device.ts. */
export interface DeviceOverrides {
  adapter?: AdapterDescription;
  maxTensorBytes?: number;
  poolObserver?: PoolObserver;
}

/** What every tensor lives on: made by `openDevice`, closed by its owner. Ops take it from their inputs. */
export class Device {
  readonly adapter: AdapterDescription;
  readonly pool: BufferPool;
  readonly pipelines: PipelineCache;
  readonly queue: LaunchQueue;
  /** Indices out of range that kernels met; thrown by the next read or sync. */
  readonly indexFaults: IndexFaults;
  readonly readback: Readback;
  /**
   * How long a read or `sync` waits for the GPU before it rejects with GpuTimeoutError, in milliseconds. Ten minutes by
   * default: software adapters may take long. Infinity for no limit.
   */
  timeout_ms = 600_000;
  /** True where nothing is computed and only memory is counted. */
  readonly isDry: boolean = false;
  private readonly constants: Constants;
  private failure: Error | null = null;
  private closed = false;

  constructor(
    /** The WebGPU device, for interoperation. */
    readonly gpu: GPUDevice,
    adapter: GPUAdapter,
    given: DeviceOverrides = {},
  ) {
    this.adapter = given.adapter ?? describeAdapter(adapter, gpu.features as ReadonlySet<string>);
    const { maxStorageBufferBindingSize, maxBufferSize, minUniformBufferOffsetAlignment } = gpu.limits;
    this.pool = new BufferPool(gpu, given.maxTensorBytes ?? Math.min(maxStorageBufferBindingSize, maxBufferSize), given.poolObserver);
    this.pipelines = new PipelineCache(gpu);
    this.queue = new LaunchQueue(gpu, this.pool, Math.max(256, minUniformBufferOffsetAlignment));
    this.readback = new Readback(gpu, this.queue);
    this.indexFaults = new IndexFaults(gpu, this.pool);
    this.constants = new Constants(gpu, this.pool);
    gpu.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      const told = (event as GPUUncapturedErrorEvent).error;
      if (this.isConsequence(told.message)) return;
      const error = typedError(told, this.pool);
      if (error instanceof OutOfMemoryError) this.pool.distrust();
      if (error instanceof ShaderError) this.pipelines.fail(error);
      this.failure ??= error;
    });
    void gpu.lost.then(({ reason, message }) => {
      if (!this.closed) this.failure = new DeviceLostError(`device: lost (${reason}), ${message || "no reason given"}`, reason);
    });
  }

  get features(): ReadonlySet<string> {
    return this.gpu.features as ReadonlySet<string>;
  }

  get limits(): GPUSupportedLimits {
    return this.gpu.limits;
  }

  /** A storage buffer of at least `bytes`, owned by the caller until released. */
  acquire(bytes: number, label: string): PoolBuffer {
    this.checkUsable();
    return (this.queue.recording?.memory ?? this.pool).acquire(bytes, label);
  }

  /** A small array in memory that nothing may write: the same slice for the same values. Kept by the device. */
  constant(values: Float32Array | Int32Array | Uint32Array): Slice {
    this.checkUsable();
    return this.constants.get(values);
  }

  /**
   * Bytes of a slice, once everything launched so far has run. Rejects with the first error the GPU reported, or with
   * the IndexError of an index out of range that a launch before this call met.
   */
  async read(slice: Slice): Promise<ArrayBuffer> {
    const { bytes, cleared } = await this.readBack(slice);
    if (cleared) this.indexFaults.check(cleared);
    return bytes;
  }

  /** Waits until everything launched so far has run. Rejects as `read` does. */
  async sync(): Promise<void> {
    this.checkUsable();
    const faults = this.indexFaults.slice;
    if (faults) await this.read({ ...faults, size_bytes: 0 });
    this.queue.flush();
    await this.submittedWorkDone();
    this.throwFailure();
  }

  /** Waits until everything submitted so far has run, or seems to have: after a loss it resolves too. */
  async submittedWorkDone(): Promise<void> {
    await this.answer(this.gpu.queue.onSubmittedWorkDone());
  }

  /** Live, peak and pooled bytes. */
  memory(): MemoryReport {
    return this.pool.report();
  }

  /** Frees everything. Later calls throw DisposedError; closing twice is harmless. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.queue.close();
    this.readback.close();
    this.pool.trim();
    // On a GPU that hangs, destroy() may not return.
    if (!(this.failure instanceof GpuTimeoutError)) this.gpu.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private async readBack(slice: Slice): Promise<{ bytes: ArrayBuffer; cleared: ArrayBuffer | null }> {
    this.checkUsable();
    const result = await this.answer(this.readback.read(slice, this.indexFaults.slice));
    this.throwFailure();
    return result;
  }

  /** The GPU's answer, or the reason why there is none. */
  private async answer<T>(answer: Promise<T>): Promise<T> {
    try {
      return await withDeadline(answer, this.timeout_ms, () => this.hang());
    } catch (error) {
      this.throwFailure();
      // A lost device rejects what is pending before `lost` resolves.
      await Promise.race([this.gpu.lost, new Promise((resolve) => setTimeout(resolve, 50))]);
      this.throwFailure();
      if (this.closed) throw new DisposedError("device: closed while a read was pending");
      throw error;
    }
  }

  /** Throws DisposedError after close(), DeviceLostError once the device is lost, GpuTimeoutError once it has not answered. */
  checkUsable(): void {
    if (this.closed) throw new DisposedError("device: used after close()");
    if (isFinal(this.failure)) throw this.failure;
  }

  /** False after close(), and once the device is lost or does not answer. */
  get isUsable(): boolean {
    return !this.closed && !isFinal(this.failure);
  }

  /**
   * Whether an error only says what follows from one that was told: of a kernel that did not compile, or a batch that could not be encoded. A
   * browser's come one by one, when an await may have told the first already.
   */
  private isConsequence(message: string): boolean {
    const [, kind, label] = /^\[Invalid (ShaderModule|ComputePipeline|CommandBuffer)(?: "([^"]*)")?\] is invalid due to a previous error/.exec(message) ?? [];
    return kind === "CommandBuffer" || (label !== undefined && this.pipelines.hasFailed(label));
  }

  private hang(): GpuTimeoutError {
    const error = new GpuTimeoutError(
      `device: no answer from the GPU within ${this.timeout_ms / 1000} s, the last kernel launched was ${this.queue.lastKernel ?? "none"}; use smaller tensors, or raise device.timeout_ms`,
    );
    this.failure = error;
    return error;
  }

  private throwFailure(): void {
    const failure = this.failure;
    if (!failure) return;
    if (!isFinal(failure)) this.failure = null;
    throw failure;
  }
}

/** Requests a device with all of the adapter's limits and the features Kiln can use, and `more` of them where the adapter has them. */
export async function deviceFrom(adapter: GPUAdapter, more: readonly string[] = []): Promise<Device> {
  return new Device(await adapter.requestDevice(deviceDescriptor(adapter, more)), adapter);
}

/** Whether nothing can be done with the device any more. */
function isFinal(failure: Error | null): failure is DeviceLostError | GpuTimeoutError {
  return failure instanceof DeviceLostError || failure instanceof GpuTimeoutError;
}

function typedError(error: GPUError, pool: BufferPool): Error {
  const kind = error.constructor.name;
  if (kind === "GPUOutOfMemoryError") {
    const { newest } = pool;
    const asked = newest ? `, the newest buffer is ${newest.label} with ${newest.bytes}` : "";
    return new OutOfMemoryError(`GPU: out of memory, ${error.message.split("\n")[0] || "no reason given"}; ${pool.report().liveBytes} bytes are in use${asked}; use a smaller batch or model`);
  }
  if (/WGSL|ShaderModule|shader module/.test(error.message)) return new ShaderError(`GPU: ${error.message}`);
  return new GpuError(`GPU: ${error.message}`);
}
