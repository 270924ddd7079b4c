// When each dispatch began and ended on the GPU: one timestamp query before its pass and one behind it.
import { usage } from "./buffers.js";
import type { Dispatch, DispatchObserver } from "./dispatch.js";

const queriesPerSet = 4096; // WebGPU's limit
const queryResolve = 0x200; // GPUBufferUsage.QUERY_RESOLVE

/** A dispatch with its times. */
export interface TimedDispatch {
  readonly dispatch: Dispatch;
  /** From the beginning of the first dispatch, in nanoseconds. */
  readonly begin_ns: number;
  readonly end_ns: number;
  /** As the GPU's clock gave them: begin and end. */
  readonly clock: readonly [bigint, bigint];
}

/** Set as `queue.observer`, it times every dispatch until `read`. Needs the feature timestamp-query. */
export class Timestamps implements DispatchObserver {
  private readonly sets: GPUQuerySet[] = [];
  private readonly dispatches: Dispatch[] = [];

  constructor(private readonly gpu: GPUDevice) {}

  passFor(dispatch: Dispatch): GPUComputePassDescriptor {
    const first = (2 * this.dispatches.length) % queriesPerSet;
    if (first === 0) this.sets.push(this.gpu.createQuerySet({ type: "timestamp", count: queriesPerSet }));
    this.dispatches.push(dispatch);
    return { timestampWrites: { querySet: this.sets.at(-1)!, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 } };
  }

  /** Gives the query sets back, unread. The passes must have been submitted. */
  dispose(): void {
    for (const set of this.sets) set.destroy();
    this.sets.length = 0;
    this.dispatches.length = 0;
  }

  /** The times, once all of it has run. The passes must have been submitted. */
  async read(): Promise<TimedDispatch[]> {
    const { gpu, sets, dispatches } = this;
    const size = 8 * queriesPerSet;
    const parts = await Promise.all(
      sets.map(async (set) => {
        const resolved = gpu.createBuffer({ label: "timestamps", size, usage: queryResolve | usage.copySource });
        const staging = gpu.createBuffer({ label: "timestamps", size, usage: usage.mapRead | usage.copyTarget });
        const encoder = gpu.createCommandEncoder();
        encoder.resolveQuerySet(set, 0, queriesPerSet, resolved, 0);
        encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
        gpu.queue.submit([encoder.finish()]);
        await staging.mapAsync(1, 0, size); // GPUMapMode.READ
        const times = new BigUint64Array(staging.getMappedRange().slice(0));
        for (const buffer of [staging, resolved]) buffer.destroy();
        return times;
      }),
    );
    const start = parts[0]?.[0] ?? 0n;
    const clockOf = (query: number) => parts[Math.floor(query / queriesPerSet)]![query % queriesPerSet]!;
    const timed = dispatches.map((dispatch, i): TimedDispatch => {
      const [begin, end] = [clockOf(2 * i), clockOf(2 * i + 1)];
      return { dispatch, begin_ns: Number(begin - start), end_ns: Number(end - start), clock: [begin, end] };
    });
    this.dispose();
    return timed;
  }
}
