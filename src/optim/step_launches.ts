// What a step launches: prepared once, so that it creates nothing.
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import type { PreparedLaunch } from "../gpu/prepared_launch.js";
import { partialBytes, partialCount, prepareEma, prepareFinalise, prepareNorm, prepareScalars, prepareStep } from "../kernels/optim.js";
import type { StepKernelName } from "../kernels/optim_steps.js";
import { setting } from "../tensor/tracker.js";
import type { Arena } from "./arena.js";
import type { ControlBlock } from "./control.js";
import type { LossScaling } from "./loss_scaling.js";
import type { Scalars } from "./scalars.js";
import type { StepTable } from "./step_table.js";

export interface StepParts {
  device: Device;
  arenas: readonly Arena[];
  control: ControlBlock;
  table: StepTable;
  scalars: Scalars;
  lossScaling: LossScaling;
  kernel: StepKernelName;
  moments: readonly string[];
  averaged: boolean;
  parameters: number;
  groups: number;
}

export class StepLaunches {
  private readonly partials: Slice;
  private readonly norms: PreparedLaunch[] = [];
  private readonly updates: readonly PreparedLaunch[];
  private finalise: PreparedLaunch;
  private scalars: PreparedLaunch | null = null;

  constructor(private readonly parts: StepParts) {
    const { device, arenas, control, kernel, moments, averaged } = parts;
    const counts = arenas.map((arena) => partialCount(device, arena.blocks));
    const size_bytes = counts.reduce((sum, count) => sum + count, 0) * partialBytes;
    const partials = (this.partials = { buffer: device.acquire(size_bytes, "optimizer partials"), offset_bytes: 0, size_bytes });
    let first_partial = 0;
    arenas.forEach((arena, i) => {
      const { grads, parameter_of } = arena.stepBuffers;
      this.norms.push(prepareNorm(device, { grads, parameter_of, group_of: control.group_of, partials }, { blocks: arena.blocks, first_partial }));
      first_partial += counts[i]!;
    });
    this.updates = arenas.flatMap((arena) => {
      const { blocks } = arena;
      const own = Object.fromEntries(moments.map((name) => [name, arena.moment(name)]));
      const step = prepareStep(device, kernel, { ...arena.stepBuffers, hyper: control.hyper, ...own }, { blocks });
      return averaged ? [step, prepareEma(device, { control: control.control, p: arena.stepBuffers.p, ema: arena.moment("ema") }, { blocks })] : [step];
    });
    this.finalise = this.prepareFinalise();
  }

  /** The host's share of a step. */
  prepare(accumulated: number): void {
    this.finalise.set({ accumulated, ...this.parts.lossScaling.params });
  }

  /** Norm, finalise, update. */
  step(): void {
    for (const norm of this.norms) norm.launch();
    setting(this, () => this.finalise).launch();
    for (const update of this.updates) update.launch();
  }

  /** The scalars of the coming step. The table must hold its row. */
  refreshScalars(): void {
    this.scalars?.launch();
  }

  /** After a scalar was added. */
  scalarsChanged(): void {
    const { device, control, table, scalars, groups } = this.parts;
    this.finalise.dispose();
    this.finalise = this.prepareFinalise();
    this.scalars?.dispose();
    const buffers = { control: control.control, table: table.slice, scalars: scalars.slice };
    this.scalars = prepareScalars(device, buffers, { groups, row_vec4s: table.row_vec4s, scalar_count: scalars.count });
  }

  dispose(): void {
    for (const launch of [...this.norms, ...this.updates, this.finalise, this.scalars]) launch?.dispose();
    this.partials.buffer.release();
  }

  private prepareFinalise(): PreparedLaunch {
    const { device, control: block, table, scalars, lossScaling, parameters, groups } = this.parts;
    const { group_of, steps, hyper, control, history, historyRows } = block;
    return prepareFinalise(
      device,
      { partials: this.partials, table: table.slice, group_of, steps, hyper, control, history, scalars: scalars.slice, loss_scale: lossScaling.slice },
      {
        partial_count: this.partials.size_bytes / partialBytes,
        parameters,
        groups,
        row_vec4s: table.row_vec4s,
        scalar_count: scalars.count,
        history_rows: historyRows,
        accumulated: 1,
        ...lossScaling.params,
      },
    );
  }
}
