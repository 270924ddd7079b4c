// The optimizer: three launches a step whatever the number of tensors and groups, and no readback.
import { CheckpointError, DisposedError, UsageError } from "../errors.js";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { gradNorm, optimizerFinalise, partialBytes, partialCount } from "../kernels/optim.js";
import { checkNumber, checkOptions } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Algorithm } from "./algorithm.js";
import { Arena, bindingLimit, layoutArenas } from "./arena.js";
import { ControlBlock, type ControlReading } from "./control.js";
import { normalGroups, ParamGroup, withoutUndefined, type CommonOptions, type GroupOptions } from "./param_group.js";
import { checkState, type OptimizerState } from "./state.js";
import { StepCounter } from "./step_counter.js";
import { StepTable } from "./step_table.js";

export type OptimizerOptions<O> = Partial<O> & {
  /** Gradients are scaled down to this global norm over all groups. Absent: no clipping. */
  clipNorm?: number;
};

/** What the kernels used, as they wrote it. */
export interface OptimizerStats {
  /** Steps taken: the next one asks the schedules for this t. */
  step: number;
  /** Steps skipped because the gradient or its norm was not finite in f32. They use up no t and no learning rate. */
  skipped: number;
  /** Steps taken with a gradient that was scaled down. */
  clipped: number;
  /** Global norm of the last step's gradients before clipping; NaN if it was not finite. */
  gradNorm: number;
  clipScale: number;
  /** The learning rate of each group at the last step taken; before any, at step 0. */
  lr: number[];
}

const maxGroups = 1024;

/** What AdamW, Adam and SGD share: groups, memory, clipping, skipped steps and state. They differ in their `Algorithm`. */
export abstract class Optimizer<O extends CommonOptions> {
  readonly paramGroups: readonly ParamGroup<O>[];
  private readonly device: Device;
  private readonly tensors: readonly Tensor[];
  private readonly moments: readonly string[];
  private readonly arenas: readonly Arena[];
  private readonly partials: Slice;
  private readonly table: StepTable;
  private readonly control: ControlBlock;
  private readonly counter = new StepCounter();
  /** Which parameters the GPU holds as taking part. */
  private active: boolean[];
  private clip: number | null = null;
  private refreshing = false;
  private failure: unknown = null;
  private disposed = false;

  protected constructor(
    private readonly algorithm: Algorithm<O>,
    params: readonly Tensor[] | readonly GroupOptions<O>[],
    options: OptimizerOptions<O>,
  ) {
    const { name, defaults } = algorithm;
    const keys = Object.keys(defaults);
    checkOptions(name, options, [...keys, "clipNorm"]);
    const { clipNorm, ...own } = withoutUndefined(options) as Partial<O> & { clipNorm?: number };
    if (clipNorm !== undefined) this.clip = checkNumber(name, "clipNorm", clipNorm, { above: 0 });
    const groups = normalGroups(name, params, { ...defaults, ...own } as O, keys);
    if (groups.length > maxGroups) throw new UsageError(`${name}: at most ${maxGroups} groups fit the step table, got ${groups.length}; merge those with equal options`);
    this.paramGroups = groups.map((group) => new ParamGroup(name, group.params, group.options, algorithm.check, () => this.table?.invalidate()));
    this.moments = algorithm.moments(this.paramGroups);
    this.tensors = groups.flatMap((group) => group.params);
    this.active = this.tensors.map(() => true);
    const device = (this.device = this.tensors[0]!.device);

    const layouts = layoutArenas(name, this.tensors, bindingLimit(device));
    this.table = new StepTable(device, groups.length, (group, t) => algorithm.cell(this.paramGroups[group]!, t));
    this.arenas = layouts.map((layout) => new Arena(device, layout, this.tensors, this.moments));
    const size_bytes = this.arenas.reduce((sum, arena) => sum + partialCount(device, arena.blocks), 0) * partialBytes;
    this.partials = { buffer: device.acquire(size_bytes, "optimizer partials"), offset_bytes: 0, size_bytes };
    this.control = new ControlBlock(device, groups.flatMap(({ params }, i) => params.map(() => i)), groups.length);
    this.control.writeActive(this.active);
    this.writeConstants();
    this.control.writeCounters({ step: 0, skipped: 0, clipped: 0 }, this.tensors.map(() => 0), this.ratesAt(0));
    for (const arena of this.arenas) arena.adopt();
  }

  /** The largest global gradient norm that is left alone; null for no clipping. May be changed at any time. */
  get clipNorm(): number | null {
    return this.clip;
  }

  set clipNorm(clipNorm: number | null) {
    this.clip = clipNorm === null ? null : checkNumber(this.algorithm.name, "clipNorm", clipNorm, { above: 0 });
  }

  /**
   * Updates every parameter that has a gradient; the others, and their state, stay as they are. Without any gradient
   * nothing happens. Launches only: a gradient that is not finite is found on the GPU, and the step skipped there.
   *
   * Throws: UsageError if a parameter has gone to another optimizer, or a schedule gives a rate that is no rate.
   */
  step(): void {
    this.checkUsable();
    if (!this.gatherGradients()) return;
    const { lowest, highest } = this.counter;
    const refilled = this.table.prepare(lowest, highest);
    this.launchNorm();
    this.launchFinalise();
    for (const arena of this.arenas) {
      this.algorithm.update(this.device, arena, this.control.hyper, this.moments);
      arena.markChanged();
    }
    this.counter.launch();
    if (refilled && highest - lowest >= this.table.capacity / 2) this.refreshCounter();
  }

  /** Forgets every gradient, so that the next backward starts anew. */
  zeroGrad(): void {
    this.checkUsable();
    for (const arena of this.arenas) arena.zeroGrad();
  }

  /** What the kernels used at the last step, once everything launched so far has run. */
  async stats(): Promise<OptimizerStats> {
    this.checkUsable();
    const { rowMissed: _, ...stats } = await this.readControl();
    return stats;
  }

  /** Everything but the parameters, so that an optimizer that loads it goes on bit for bit. */
  async stateDict(): Promise<OptimizerState> {
    this.checkUsable();
    const { algorithm, clip: clipNorm } = this;
    const groups = this.paramGroups.map((group) => group.toState());
    const moments: OptimizerState["moments"] = Object.fromEntries(this.moments.map((name) => [name, []]));
    // Every read is queued before the first is awaited: one moment of the run, whatever is launched meanwhile.
    const [{ step, skipped, clipped }, parameterSteps] = await Promise.all([
      this.readControl(),
      this.control.readSteps(),
      ...this.moments.flatMap((name) => this.arenas.map((arena) => arena.readMoment(name, moments[name]!))),
    ]);
    return { algorithm: algorithm.name, step, skipped, clipped, clipNorm, groups, parameterSteps, moments };
  }

  /**
   * Takes over a state of `stateDict`, options and schedules included.
   *
   * Throws: CheckpointError that lists everything that does not fit. Nothing was loaded then.
   */
  loadStateDict(state: OptimizerState): void {
    this.checkUsable();
    const { name } = this.algorithm;
    const groups = this.paramGroups.map((group) => group.params.length);
    checkState(state, { algorithm: name, groups, sizes: this.tensors.map((tensor) => tensor.size), moments: this.moments });
    const options = this.paramGroups.map((group, i) => {
      try {
        return group.optionsOf(state.groups[i]!);
      } catch (error) {
        throw new CheckpointError(`${name}: the options of group ${i} cannot be used, nothing was loaded`, { cause: error });
      }
    });
    this.paramGroups.forEach((group, i) => group.replace(options[i]!));
    this.clip = state.clipNorm;
    for (const moment of this.moments) for (const arena of this.arenas) arena.writeMoment(moment, state.moments[moment]!);
    this.writeConstants();
    this.control.writeCounters(state, state.parameterSteps, this.ratesAt(state.step));
    this.counter.reset(state.step);
  }

  /** Frees the optimizer's memory. The parameters keep their values. Disposing twice is harmless. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const arena of this.arenas) arena.dispose();
    this.table.dispose();
    this.control.dispose();
    this.partials.buffer.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  private launchNorm(): void {
    let first_partial = 0;
    for (const { stepBuffers, blocks } of this.arenas) {
      const { grads, parameter_of } = stepBuffers;
      gradNorm(this.device, { grads, parameter_of, group_of: this.control.group_of, partials: this.partials }, { blocks, first_partial });
      first_partial += partialCount(this.device, blocks);
    }
  }

  private launchFinalise(): void {
    const { groups, group_of, steps, hyper, control } = this.control;
    optimizerFinalise(
      this.device,
      { partials: this.partials, table: this.table.slice, groups, group_of, steps, hyper, control },
      {
        partial_count: this.partials.size_bytes / partialBytes,
        parameters: this.tensors.length,
        groups: this.paramGroups.length,
        ...this.table.window,
        clip_norm: this.clip ?? 0,
      },
    );
  }

  /** Sees which parameters have a gradient, and tells the GPU when they are others than before. */
  private gatherGradients(): boolean {
    const active = this.tensors.map(() => false);
    for (const arena of this.arenas) arena.collectGradients(this.algorithm.name, active);
    if (!active.includes(true)) return false;
    if (active.some((now, i) => now !== this.active[i])) this.control.writeActive((this.active = active));
    return true;
  }

  private writeConstants(): void {
    this.control.writeGroups(this.paramGroups.map((group) => this.algorithm.constants(group.options)));
  }

  private ratesAt(t: number): number[] {
    return this.paramGroups.map((group) => group.lrAt(t));
  }

  private async readControl(): Promise<ControlReading> {
    const mark = this.counter.now;
    const reading = await this.control.read();
    this.counter.learn(reading.step, mark);
    if (reading.rowMissed) {
      throw new UsageError(
        `${this.algorithm.name}: steps found no learning rate in the step table and were skipped, got ${reading.skipped} skipped steps in all; ` +
          `more than ${this.table.capacity / 2} gradients were not finite since the counter was last read: await stats() now and then`,
      );
    }
    return reading;
  }

  /** Learns the counter in the background, so that the step table can follow it. */
  private refreshCounter(): void {
    if (this.refreshing) return;
    this.refreshing = true;
    this.readControl()
      .catch((error: unknown) => (this.failure ??= error))
      .finally(() => (this.refreshing = false));
  }

  private checkUsable(): void {
    if (this.disposed) throw new DisposedError(`${this.algorithm.name}: used after dispose()`);
    const { failure } = this;
    this.failure = null;
    if (failure) throw failure;
  }
}
