// Collects dispatches into one compute pass and submits them together.
import { DisposedError } from "../errors.js";
import { usage, type PoolBuffer, type Slice } from "./buffers.js";
import type { Pipeline } from "./pipelines.js";

const maxDispatchesPerSubmit = 256;
const uniformBytes = 65536;
/** Bound for an empty slice: one vec4, the largest element that kernels declare. */
const emptyBindingBytes = 16;

/**
 * Dispatches wait here until something must see their results. All their Params lie in one uniform buffer, written
 * just before the submit: queue writes and submits run in order, so one buffer serves every batch.
 */
export class LaunchQueue {
  private encoder: GPUCommandEncoder | null = null;
  private pass: GPUComputePassEncoder | null = null;
  private currentPipeline: Pipeline | null = null;
  private readonly uniforms: GPUBuffer;
  private readonly staging = new Uint8Array(uniformBytes);
  private used_bytes = 0;
  private pending = 0;
  private batch = 0;
  private closed = false;
  /** Totals since the device was opened. */
  readonly counts = { dispatches: 0, submits: 0, writes: 0 };

  constructor(
    private readonly gpu: GPUDevice,
    private readonly alignment: number,
  ) {
    this.uniforms = gpu.createBuffer({ label: "params", size: uniformBytes, usage: usage.uniform | usage.copyTarget });
  }

  dispatch(pipeline: Pipeline, slices: readonly (Slice | null)[], params: ArrayBuffer, grid: readonly [number, number, number]): void {
    this.checkOpen();
    const needed = params.byteLength === 0 ? 0 : Math.ceil(params.byteLength / this.alignment) * this.alignment;
    if (this.pending >= maxDispatchesPerSubmit || this.used_bytes + needed > uniformBytes) this.flush();
    const offset = this.used_bytes;
    this.staging.set(new Uint8Array(params), offset);
    this.used_bytes += needed;

    const bindGroup = this.bindGroup(pipeline, slices, { offset, size: Math.max(16, params.byteLength) });
    this.dispatchPrepared(pipeline, bindGroup, slices.flatMap((slice) => (slice ? [slice.buffer] : [])), grid);
  }

  /** Records a dispatch whose bind group exists: nothing is created. */
  dispatchPrepared(pipeline: Pipeline, bindGroup: GPUBindGroup, buffers: readonly PoolBuffer[], grid: readonly [number, number, number]): void {
    this.checkOpen();
    if (this.pending >= maxDispatchesPerSubmit) this.flush();
    for (const buffer of buffers) this.touch(buffer);
    const pass = this.openPass();
    if (this.currentPipeline !== pipeline) {
      pass.setPipeline(pipeline.gpu);
      this.currentPipeline = pipeline;
    }
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
    this.pending++;
    this.counts.dispatches++;
  }

  /** A null slice stands for the queue's own Params at `params`. */
  bindGroup(pipeline: Pipeline, slices: readonly (Slice | null)[], params: { offset: number; size: number } | null = null): GPUBindGroup {
    const entries = pipeline.reflection.bindings.map(({ index }, position) => {
      const slice = slices[position];
      if (!slice) return { binding: index, resource: { buffer: this.uniforms, ...params } };
      return { binding: index, resource: { buffer: slice.buffer.gpu, offset: slice.offset_bytes, size: slice.size_bytes || emptyBindingBytes } };
    });
    return this.gpu.createBindGroup({ label: pipeline.label, layout: pipeline.layout, entries });
  }

  /** Copies bytes between buffers, after everything launched so far. */
  copy(source: Slice, target: Slice): void {
    this.touch(target.buffer);
    this.copyOut(source, target.buffer.gpu, target.offset_bytes);
  }

  /** Copies bytes to a buffer that is not of the pool, after everything launched so far. */
  copyOut(source: Slice, target: GPUBuffer, targetOffset_bytes = 0): void {
    this.checkOpen();
    this.closePass();
    this.touch(source.buffer);
    this.openEncoder().copyBufferToBuffer(source.buffer.gpu, source.offset_bytes, target, targetOffset_bytes, source.size_bytes);
    this.pending++;
  }

  /** Zeroes a slice, after everything launched so far. */
  clear(target: Slice): void {
    this.checkOpen();
    this.closePass();
    this.touch(target.buffer);
    this.openEncoder().clearBuffer(target.buffer.gpu, target.offset_bytes, target.size_bytes);
    this.pending++;
  }

  /** Writes host bytes. A queue write overtakes launches not yet submitted, so those that use the buffer go first. */
  write(target: Slice, data: ArrayBufferView, dataOffset_bytes = 0, size_bytes = data.byteLength): void {
    this.checkOpen();
    if (target.buffer.lastBatch === this.batch && this.pending > 0) this.flush();
    this.counts.writes++;
    this.gpu.queue.writeBuffer(target.buffer.gpu, target.offset_bytes, data.buffer as ArrayBuffer, data.byteOffset + dataOffset_bytes, size_bytes);
  }

  /** Submits what is pending. */
  flush(): void {
    if (!this.encoder) return;
    this.closePass();
    if (this.used_bytes > 0) this.gpu.queue.writeBuffer(this.uniforms, 0, this.staging.buffer, 0, this.used_bytes);
    this.gpu.queue.submit([this.encoder.finish()]);
    this.encoder = null;
    this.used_bytes = 0;
    this.pending = 0;
    this.batch++;
    this.counts.submits++;
  }

  close(): void {
    this.closed = true;
    this.encoder = null;
    this.pass = null;
    this.uniforms.destroy();
  }

  private checkOpen(): void {
    if (this.closed) throw new DisposedError("device: used after close()");
  }

  private touch(buffer: PoolBuffer): void {
    buffer.lastBatch = this.batch;
  }

  private openEncoder(): GPUCommandEncoder {
    this.encoder ??= this.gpu.createCommandEncoder();
    return this.encoder;
  }

  private openPass(): GPUComputePassEncoder {
    this.pass ??= this.openEncoder().beginComputePass();
    return this.pass;
  }

  private closePass(): void {
    this.pass?.end();
    this.pass = null;
    this.currentPipeline = null;
  }
}
