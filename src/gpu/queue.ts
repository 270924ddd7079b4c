// Collects dispatches into one compute pass and submits them together.
import { DisposedError } from "../errors.js";
import { usage, type BufferPool, type PoolBuffer, type Slice } from "./buffers.js";
import type { Dispatch, DispatchObserver } from "./dispatch.js";
import type { Pipeline } from "./pipelines.js";
import type { DispatchRun, Plan } from "./plan.js";
import type { Launch, Recording } from "./recording.js";

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
  /** Of the last dispatch, for the message of a GPU that does not answer. */
  private last: Pipeline | null = null;
  /** Plans that wait for the submit. */
  private readonly played: Plan[] = [];
  private closed = false;
  /** Watches what is encoded; see the profiler. */
  observer: DispatchObserver | null = null;
  private recorded: Recording | null = null;
  private coming: Promise<void> | null = null;
  /** Totals since the device was opened. */
  readonly counts = { dispatches: 0, submits: 0, writes: 0 };

  constructor(
    private readonly gpu: GPUDevice,
    private readonly pool: BufferPool,
    /** Of Params in a uniform buffer, in bytes. */
    readonly alignment: number,
  ) {
    this.uniforms = gpu.createBuffer({ label: "params", size: uniformBytes, usage: usage.uniform | usage.copyTarget });
  }

  /** The name of the kernel launched last. */
  get lastKernel(): string | null {
    return this.last?.label ?? null;
  }

  /** What launches are written down in instead of being queued; null while they are queued. */
  get recording(): Recording | null {
    return this.recorded;
  }

  /** Writes down what `fn` launches. What was launched before goes first. */
  record<T>(recording: Recording, fn: () => T): T {
    this.checkOpen();
    this.flush();
    return this.withRecording(recording, fn);
  }

  /** Runs `fn` outside of any recording: what it launches and writes happens now, once. */
  unrecorded<T>(fn: () => T): T {
    return this.withRecording(null, fn);
  }

  /** Runs `fn`, the host's share of a step, now; and, if this is being recorded, before each replay too. */
  eachRun(fn: () => void): void {
    this.recorded?.hooks.push(fn);
    this.unrecorded(fn);
  }

  private withRecording<T>(recording: Recording | null, fn: () => T): T {
    const before = this.recorded;
    this.recorded = recording;
    try {
      return fn();
    } finally {
      this.recorded = before;
    }
  }

  /** Launches a recorded step again, in one pass where it copies nothing. Submitted when this task ends, or somebody reads. */
  play(plan: Plan): void {
    this.checkOpen();
    this.played.push(plan);
    for (const part of plan.parts) {
      if (part.kind === "dispatches") this.encodeRun(part);
      else if (part.kind === "copy") this.encodeCopy(part.source, part.sourceOffset, part.target, part.targetOffset, part.size);
      else this.encodeClear(part.target, part.offset, part.size);
    }
    plan.markChanged();
    void this.submitSoon();
  }

  dispatch(launch: Launch): void {
    this.checkOpen();
    if (this.recorded) return this.recorded.launch(launch);
    const { pipeline, slices, params, grid, cost } = launch;
    const needed = params.byteLength === 0 ? 0 : Math.ceil(params.byteLength / this.alignment) * this.alignment;
    if (this.pending >= maxDispatchesPerSubmit || this.used_bytes + needed > uniformBytes) this.flush();
    const offset = this.used_bytes;
    this.staging.set(new Uint8Array(params), offset);
    this.used_bytes += needed;

    const bindGroup = this.bindGroup(pipeline, slices, { offset, size: Math.max(16, params.byteLength) });
    this.dispatchPrepared({ pipeline, bindGroup, buffers: slices.flatMap((slice) => (slice ? [slice.buffer] : [])), grid, cost });
  }

  /** Records a dispatch whose bind group exists: nothing is created. */
  dispatchPrepared(dispatch: Dispatch): void {
    this.checkOpen();
    if (this.recorded) return this.recorded.prepared(dispatch);
    if (this.pending >= maxDispatchesPerSubmit) this.flush();
    for (const buffer of dispatch.buffers) this.touch(buffer);
    this.encodeDispatch(dispatch);
  }

  private encodeRun({ dispatches, pipelines, bindGroups, grids }: DispatchRun): void {
    if (this.observer) return dispatches.forEach((dispatch) => this.encodeDispatch(dispatch));
    const pass = this.openPass();
    const count = bindGroups.length;
    for (let i = 0, at = 0; i < count; i++, at += 3) {
      const pipeline = pipelines[i];
      if (pipeline) pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroups[i]!);
      pass.dispatchWorkgroups(grids[at]!, grids[at + 1]!, grids[at + 2]!);
    }
    this.last = this.currentPipeline = dispatches[count - 1]!.pipeline;
    this.pending += count;
    this.counts.dispatches += count;
  }

  private encodeDispatch(dispatch: Dispatch): void {
    const { pipeline, bindGroup, grid } = dispatch;
    if (this.observer) this.openPassOf(this.observer.passFor(dispatch));
    const pass = this.openPass();
    if (this.currentPipeline !== pipeline) {
      pass.setPipeline(pipeline.gpu);
      this.currentPipeline = pipeline;
    }
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
    this.last = pipeline;
    this.pending++;
    this.counts.dispatches++;
    if (this.observer) this.closePass();
  }

  private openPassOf(descriptor: GPUComputePassDescriptor): void {
    this.closePass();
    this.pass = this.openEncoder().beginComputePass(descriptor);
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
    this.checkOpen();
    if (this.recorded) return this.recorded.copy(source, target);
    this.touch(target.buffer);
    this.copyOut(source, target.buffer.gpu, target.offset_bytes);
  }

  /** Copies bytes to a buffer that is not of the pool, after everything launched so far. */
  copyOut(source: Slice, target: GPUBuffer, targetOffset_bytes = 0): void {
    this.checkOpen();
    this.touch(source.buffer);
    this.encodeCopy(source.buffer.gpu, source.offset_bytes, target, targetOffset_bytes, source.size_bytes);
  }

  private encodeCopy(source: GPUBuffer, sourceOffset: number, target: GPUBuffer, targetOffset: number, size: number): void {
    this.closePass();
    this.openEncoder().copyBufferToBuffer(source, sourceOffset, target, targetOffset, size);
    this.pending++;
  }

  /** Zeroes a slice, after everything launched so far. */
  clear(target: Slice): void {
    this.checkOpen();
    if (this.recorded) return this.recorded.clear(target);
    this.touch(target.buffer);
    this.encodeClear(target.buffer.gpu, target.offset_bytes, target.size_bytes);
  }

  private encodeClear(target: GPUBuffer, offset: number, size: number): void {
    this.closePass();
    this.openEncoder().clearBuffer(target, offset, size);
    this.pending++;
  }

  /** Writes host bytes. A queue write overtakes launches not yet submitted, so those that use the buffer go first. */
  write(target: Slice, data: ArrayBufferView, dataOffset_bytes = 0, size_bytes = data.byteLength): void {
    this.checkOpen();
    if (this.recorded) return this.recordWrite(this.recorded, target, data, dataOffset_bytes, size_bytes);
    if (this.pending > 0 && this.isPending(target.buffer)) this.flush();
    this.counts.writes++;
    this.gpu.queue.writeBuffer(target.buffer.gpu, target.offset_bytes, data.buffer as ArrayBuffer, data.byteOffset + dataOffset_bytes, size_bytes);
  }

  /** A replay must write the same bytes again, and in its turn: they are kept on the GPU and copied. */
  private recordWrite(recording: Recording, target: Slice, data: ArrayBufferView, dataOffset_bytes: number, size_bytes: number): void {
    const content = this.pool.acquire(size_bytes, "captured constant");
    this.unrecorded(() => this.write({ buffer: content, offset_bytes: 0, size_bytes }, data, dataOffset_bytes, size_bytes));
    recording.write(target, content, size_bytes);
  }

  /** Submits when the running piece of code ends, so that a replay and the reads that follow it go together. Resolves once that is done. */
  submitSoon(): Promise<void> {
    this.coming ??= Promise.resolve().then(() => {
      this.coming = null;
      if (!this.closed) this.flush();
    });
    return this.coming;
  }

  /** Submits what is pending. Nothing is, while a recording runs. */
  flush(): void {
    if (this.recorded) return;
    if (this.encoder) this.submit(this.encoder);
    this.pool.destroyCondemned();
  }

  private submit(encoder: GPUCommandEncoder): void {
    this.closePass();
    if (this.used_bytes > 0) this.gpu.queue.writeBuffer(this.uniforms, 0, this.staging.buffer, 0, this.used_bytes);
    this.gpu.queue.submit([encoder.finish()]);
    this.encoder = null;
    this.used_bytes = 0;
    this.pending = 0;
    this.played.length = 0;
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

  /** Whether something launched and not yet submitted uses the buffer. */
  private isPending(buffer: PoolBuffer): boolean {
    return buffer.lastBatch === this.batch || this.played.some(({ buffers }) => buffers.has(buffer));
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
