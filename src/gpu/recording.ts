// A recording: launches written down instead of queued, with the memory they use, to be replayed as a plan.
import { UsageError } from "../errors.js";
import type { PoolBuffer, Slice } from "./buffers.js";
import type { Cost, Dispatch, Grid } from "./dispatch.js";
import type { Pipeline } from "./pipelines.js";
import { PlanMemory } from "./plan_memory.js";

/** One step of a plan. */
export type Command =
  | { readonly kind: "dispatch"; readonly dispatch: Dispatch }
  | { readonly kind: "copy"; readonly source: GPUBuffer; readonly sourceOffset: number; readonly target: GPUBuffer; readonly targetOffset: number; readonly size: number }
  | { readonly kind: "clear"; readonly target: GPUBuffer; readonly offset: number; readonly size: number };

/** A dispatch before its Params have a place. */
export interface Launch {
  readonly pipeline: Pipeline;
  /** In the order of the bindings; null for Params. */
  readonly slices: readonly (Slice | null)[];
  readonly params: ArrayBuffer;
  /** Makes the Params anew for each replay of a recording, where they differ from step to step. */
  readonly repack: (() => ArrayBuffer) | null;
  readonly grid: Grid;
  readonly cost: Cost;
}

export type RecordedCommand = Command | { readonly kind: "launch"; readonly launch: Launch };

export class Recording {
  readonly commands: RecordedCommand[] = [];
  /** Run by the host before each replay, in order. */
  readonly hooks: (() => void)[] = [];
  /** Buffers that were there before, kept alive by the plan; with their versions when they were first used. */
  readonly external = new Map<PoolBuffer, number>();
  readonly memory: PlanMemory;
  /** Contents of host writes, which a replay copies again. */
  readonly contents: PoolBuffer[] = [];

  constructor(memory: PlanMemory) {
    this.memory = memory;
  }

  launch(launch: Launch): void {
    for (const slice of launch.slices) if (slice) this.uses(slice.buffer);
    this.commands.push({ kind: "launch", launch });
  }

  prepared(dispatch: Dispatch): void {
    for (const buffer of dispatch.buffers) this.uses(buffer);
    this.commands.push({ kind: "dispatch", dispatch });
  }

  copy(source: Slice, target: Slice): void {
    this.uses(source.buffer);
    this.uses(target.buffer);
    if (source.size_bytes === 0) return;
    this.commands.push({
      kind: "copy",
      source: source.buffer.gpu,
      sourceOffset: source.offset_bytes,
      target: target.buffer.gpu,
      targetOffset: target.offset_bytes,
      size: source.size_bytes,
    });
  }

  clear({ buffer, offset_bytes, size_bytes }: Slice): void {
    this.uses(buffer);
    if (size_bytes > 0) this.commands.push({ kind: "clear", target: buffer.gpu, offset: offset_bytes, size: size_bytes });
  }

  /** `content` holds what the host wrote, and belongs to the plan from now on. */
  write(target: Slice, content: PoolBuffer, size_bytes: number): void {
    this.contents.push(content);
    this.uses(target.buffer);
    this.commands.push({ kind: "copy", source: content.gpu, sourceOffset: 0, target: target.buffer.gpu, targetOffset: target.offset_bytes, size: size_bytes });
  }

  /** Gives everything back, for a recording that failed. */
  abandon(): void {
    for (const buffer of [...this.external.keys(), ...this.contents]) buffer.release();
    this.memory.dispose();
  }

  /** What a plan cannot repeat. */
  refuse(what: string): never {
    throw new UsageError(
      `capture: ${what} inside the captured function, which only the first call runs; return the tensor and read it outside, or leave this part out of the capture`,
    );
  }

  private uses(buffer: PoolBuffer): void {
    if (this.memory.owns(buffer) || this.external.has(buffer)) return;
    this.external.set(buffer.retain(), buffer.version);
  }
}
