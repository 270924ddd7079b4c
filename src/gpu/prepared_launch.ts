// A dispatch that is launched again and again: pipeline, bind group and Params are made once.
import { DisposedError } from "../errors.js";
import type { PoolBuffer } from "./buffers.js";
import type { Device } from "./device.js";
import { costOf, type Dispatch } from "./dispatch.js";
import { withHalfTypes } from "./half_types.js";
import { collectBuffers, foldGrid, packParams, type LaunchArguments } from "./launch.js";
import type { Pipeline } from "./pipelines.js";
import type { Shader } from "./shader_source.js";

/** Its buffers must outlive it. `launch` creates nothing; a Params value that changes costs one small write. */
export class PreparedLaunch {
  private readonly pipeline: Pipeline;
  private readonly dispatch: Dispatch;
  private readonly params: PoolBuffer | null;
  private values: Record<string, number>;
  private disposed = false;

  constructor(
    private readonly device: Device,
    private readonly shader: Shader,
    args: LaunchArguments,
  ) {
    const grid = foldGrid(shader, args.workgroups);
    this.pipeline = device.pipelines.get(shader, withHalfTypes(shader, args));
    this.values = { ...args.params };
    const packed = packParams(shader, this.pipeline, this.values);
    const slices = collectBuffers(shader, this.pipeline, args.buffers);
    this.params = packed.byteLength === 0 ? null : device.pool.acquire(Math.max(16, packed.byteLength), `${shader.name} params`);
    if (this.params) this.write(packed);
    const own = this.params && { buffer: this.params, offset_bytes: 0, size_bytes: Math.max(16, packed.byteLength) };
    const bindGroup = device.queue.bindGroup(this.pipeline, slices.map((slice) => slice ?? own!));
    const buffers = [...slices.flatMap((slice) => (slice ? [slice.buffer] : [])), ...(this.params ? [this.params] : [])];
    this.dispatch = { pipeline: this.pipeline, bindGroup, buffers, grid, cost: costOf(args.cost, slices) };
  }

  /** Records the dispatch. */
  launch(): void {
    if (this.disposed) throw new DisposedError(`${this.shader.name}.wgsl: launched after dispose()`);
    const [x, y, z] = this.dispatch.grid;
    if (x * y * z > 0) this.device.queue.dispatchPrepared(this.dispatch);
  }

  /** Changes Params from the next launch on. Writes only where a value differs. */
  set(changes: Record<string, number>): void {
    if (Object.entries(changes).every(([name, value]) => this.values[name] === value)) return;
    const values = { ...this.values, ...changes };
    this.write(packParams(this.shader, this.pipeline, values));
    this.values = values;
  }

  /** Gives the Params back. Disposing twice is harmless. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.params?.release();
  }

  private write(packed: ArrayBuffer): void {
    const target = { buffer: this.params!, offset_bytes: 0, size_bytes: packed.byteLength };
    this.device.queue.unrecorded(() => this.device.queue.write(target, new Uint8Array(packed)));
  }
}
