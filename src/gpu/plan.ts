// A captured step: a flat list of dispatches whose bind groups exist, replayed in one pass and one submit.
import type { PoolBuffer, Slice } from "./buffers.js";
import type { Device } from "./device.js";
import type { Dispatch } from "./dispatch.js";
import type { Command, Launch, RecordedCommand, Recording } from "./recording.js";

/** The Params of one dispatch that differ from step to step. */
interface Varying {
  offset_bytes: number;
  repack: () => ArrayBuffer;
}

/** Dispatches with nothing between them, field by field: a replay walks memory once, and asks each object for nothing. */
export interface DispatchRun {
  readonly kind: "dispatches";
  readonly dispatches: readonly Dispatch[];
  /** Null where the pipeline is the one before. */
  readonly pipelines: readonly (GPUComputePipeline | null)[];
  readonly bindGroups: readonly GPUBindGroup[];
  /** Three for each. */
  readonly grids: Uint32Array;
}

export type PlanPart = DispatchRun | Exclude<Command, { kind: "dispatch" }>;

export class Plan {
  readonly parts: readonly PlanPart[];
  /** All buffers that a replay uses: see LaunchQueue.write. */
  readonly buffers: ReadonlySet<PoolBuffer>;
  private readonly owned: PoolBuffer[] = [];
  private readonly changed: readonly PoolBuffer[];
  private readonly varying: readonly Varying[];
  private readonly varyingParams: Slice | null;
  private readonly staging: Uint8Array;

  constructor(
    private readonly device: Device,
    private readonly recording: Recording,
  ) {
    const launches = recording.commands.flatMap((command) => (command.kind === "launch" ? [command.launch] : []));
    const fixed = this.place(launches.filter(({ repack }) => repack === null), "captured params");
    const varying = this.place(launches.filter(({ repack }) => repack !== null), "varying params");
    const paramsOf = new Map([...fixed.places, ...varying.places]);
    if (fixed.slice) device.queue.write(fixed.slice, fixed.bytes);
    if (varying.slice) device.queue.write(varying.slice, varying.bytes);
    this.varying = launches.flatMap((launch) => (launch.repack ? [{ offset_bytes: paramsOf.get(launch)!.offset_bytes, repack: launch.repack }] : []));
    this.varyingParams = varying.slice;
    this.staging = varying.bytes;
    this.parts = partsOf(recording.commands.map((command) => this.bound(command, paramsOf)));
    this.buffers = new Set([...recording.external.keys(), ...recording.memory.all, ...recording.contents, ...this.owned]);
    this.changed = [...recording.external].filter(([buffer, version]) => buffer.version !== version).map(([buffer]) => buffer);
  }

  get dispatches(): number {
    return this.parts.reduce((sum, part) => sum + (part.kind === "dispatches" ? part.dispatches.length : 0), 0);
  }

  /** Bytes that the plan holds for itself. */
  get size_bytes(): number {
    return [...this.owned, ...this.recording.contents].reduce((sum, { size_bytes }) => sum + size_bytes, this.recording.memory.size_bytes);
  }

  /** What the host does before a replay: hooks in order, then the Params that they may have changed. */
  prepare(): void {
    for (const hook of this.recording.hooks) hook();
    if (!this.varyingParams) return;
    for (const { offset_bytes, repack } of this.varying) this.staging.set(new Uint8Array(repack()), offset_bytes);
    this.device.queue.write(this.varyingParams, this.staging);
  }

  /** Tapes that saved what a replay changes must not be walked. */
  markChanged(): void {
    for (const buffer of this.changed) buffer.version++;
  }

  dispose(): void {
    for (const buffer of [...this.recording.external.keys(), ...this.recording.contents, ...this.owned]) buffer.release();
    this.recording.memory.dispose();
  }

  /** Lays out the Params of these launches in one buffer. */
  private place(launches: readonly Launch[], label: string) {
    const { alignment } = this.device.queue;
    const places = new Map<Launch, Slice>();
    const total = launches.reduce((sum, { params }) => sum + Math.ceil(params.byteLength / alignment) * alignment, 0);
    const bytes = new Uint8Array(total);
    if (total === 0) return { places, slice: null, bytes };
    const buffer = this.device.pool.acquire(total, label);
    this.owned.push(buffer);
    let offset_bytes = 0;
    for (const launch of launches) {
      if (launch.params.byteLength === 0) continue;
      bytes.set(new Uint8Array(launch.params), offset_bytes);
      places.set(launch, { buffer, offset_bytes, size_bytes: Math.max(16, launch.params.byteLength) });
      offset_bytes += Math.ceil(launch.params.byteLength / alignment) * alignment;
    }
    return { places, slice: { buffer, offset_bytes: 0, size_bytes: total }, bytes };
  }

  private bound(command: RecordedCommand, paramsOf: ReadonlyMap<Launch, Slice>): Command {
    if (command.kind !== "launch") return command;
    const { pipeline, slices, grid, cost } = command.launch;
    const all = slices.map((slice) => slice ?? paramsOf.get(command.launch)!);
    const bindGroup = this.device.queue.bindGroup(pipeline, all);
    const dispatch: Dispatch = { pipeline, bindGroup, buffers: all.map(({ buffer }) => buffer), grid, cost };
    return { kind: "dispatch", dispatch };
  }
}

function partsOf(commands: readonly Command[]): PlanPart[] {
  const parts: PlanPart[] = [];
  let run: Dispatch[] = [];
  const endRun = () => {
    if (run.length > 0) parts.push(runOf(run));
    run = [];
  };
  for (const command of commands) {
    if (command.kind === "dispatch") run.push(command.dispatch);
    else {
      endRun();
      parts.push(command);
    }
  }
  endRun();
  return parts;
}

function runOf(dispatches: readonly Dispatch[]): DispatchRun {
  return {
    kind: "dispatches",
    dispatches,
    pipelines: dispatches.map(({ pipeline }, i) => (pipeline === dispatches[i - 1]?.pipeline ? null : pipeline.gpu)),
    bindGroups: dispatches.map(({ bindGroup }) => bindGroup),
    grids: Uint32Array.from(dispatches.flatMap(({ grid }) => grid)),
  };
}
