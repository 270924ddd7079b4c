// One dispatch, ready to be encoded, and what it costs.
import type { PoolBuffer, Slice } from "./buffers.js";
import type { Pipeline } from "./pipelines.js";

export type Grid = readonly [number, number, number];

/** What a dispatch has to do, whatever time it takes. */
export interface Cost {
  /** Bytes that must cross the memory: each input read and each result written once. */
  bytes: number;
  flops: number;
}

export interface Dispatch {
  readonly pipeline: Pipeline;
  readonly bindGroup: GPUBindGroup;
  /** Everything bound. */
  readonly buffers: readonly PoolBuffer[];
  readonly grid: Grid;
  readonly cost: Cost;
}

/** Watches dispatches as they are encoded: each gets a pass of its own. */
export interface DispatchObserver {
  passFor(dispatch: Dispatch): GPUComputePassDescriptor;
}

/** What the kernel said of itself; where it said nothing of bytes, everything bound once. */
export function costOf(given: Partial<Cost> | undefined, slices: readonly (Slice | null)[]): Cost {
  const bytes = given?.bytes ?? slices.reduce((sum, slice) => sum + (slice?.size_bytes ?? 0), 0);
  return { bytes, flops: given?.flops ?? 0 };
}
