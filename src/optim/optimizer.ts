// The optimizer: three launches a step whatever the number of tensors and groups, and no readback.
import { DisposedError, UsageError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { mul } from "../ops/index.js";
import { checkNumber, checkOptions, type NumberRange } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { setting } from "../tensor/tracker.js";
import type { Algorithm } from "./algorithm.js";
import { Arena, bindingLimit, layoutArenas } from "./arena.js";
import { Averaging, type AveragingOptions } from "./averaging.js";
import { Clipping, type ClipName, type ClippingOptions } from "./clipping.js";
import { ControlBlock, type OptimizerStats, type StepRecord } from "./control.js";
import { ControlReader } from "./control_reader.js";
import { LossScaling, type LossScalingOptions } from "./loss_scaling.js";
import { normalGroups } from "./normal_groups.js";
import { ParamGroup, withoutUndefined, type CommonOptions, type GroupOptions } from "./param_group.js";
import { Scalars } from "./scalars.js";
import { OptimizerSnapshot } from "./snapshot.js";
import { checkState, planLoad, type OptimizerState, type PlainScheduled } from "./state.js";
import { StepCounter } from "./step_counter.js";
import { StepLaunches } from "./step_launches.js";
import { StepTable } from "./step_table.js";
import { toPlain, type Scheduled } from "./values.js";

/** What an optimizer's constructor takes: the algorithm's options, and clipping, averaging and loss scaling. */
export type OptimizerOptions<O> = Partial<O> & ClippingOptions & AveragingOptions & LossScalingOptions;

/** What the optimizers share: groups, memory, clipping, averaging, skipped steps and state. They differ in their `Algorithm`. */
export abstract class Optimizer<O extends CommonOptions = CommonOptions> {
  readonly paramGroups: readonly ParamGroup<O>[];
  /** In the order of the groups. */
  readonly parameters: readonly Tensor[];
  private readonly device: Device;
  private readonly groupOf: readonly number[];
  private readonly moments: readonly string[];
  private readonly arenas: readonly Arena[];
  private readonly control: ControlBlock;
  private readonly reader: ControlReader;
  private readonly clipping: Clipping;
  private readonly averaging: Averaging;
  private readonly lossScaling: LossScaling;
  private readonly scalars: Scalars;
  private readonly table: StepTable;
  private readonly launches: StepLaunches;
  private readonly counter = new StepCounter();
  /** Which parameters the GPU holds as taking part. */
  private active: boolean[];
  private disposed = false;

  protected constructor(
    private readonly algorithm: Algorithm<O>,
    params: readonly Tensor[] | readonly GroupOptions<O>[],
    options: OptimizerOptions<O>,
  ) {
    const { name, defaults } = algorithm;
    const keys = Object.keys(defaults);
    checkOptions(name, options, [...keys, "clipNorm", "clipValue", "emaDecay", "lossScale"]);
    const { clipNorm, clipValue, emaDecay, lossScale, ...own } = withoutUndefined(options) as OptimizerOptions<O>;
    this.clipping = new Clipping(name, withoutUndefined({ clipNorm, clipValue }) as ClippingOptions);
    this.averaging = new Averaging(name, emaDecay);
    const groups = normalGroups(name, params, { ...defaults, ...own } as O, keys);
    if (groups.length > StepTable.maxGroups) {
      throw new UsageError(`${name}: at most ${StepTable.maxGroups} groups fit the step table, got ${groups.length}; merge those with equal options`);
    }
    const stepMoments = algorithm.moments(groups.map((group) => group.options));
    this.paramGroups = groups.map((group) => new ParamGroup(algorithm, group.params, group.options, stepMoments, () => this.table.invalidate()));
    this.moments = this.averaging.on ? [...stepMoments, "ema"] : stepMoments;
    this.parameters = groups.flatMap((group) => group.params);
    this.groupOf = groups.flatMap(({ params }, i) => params.map(() => i));
    this.active = this.parameters.map(() => true);
    const device = (this.device = this.parameters[0]!.device);

    const layouts = layoutArenas(name, this.parameters, bindingLimit(device));
    this.lossScaling = new LossScaling(name, device, lossScale);
    this.scalars = new Scalars(name, device);
    try {
      this.table = new StepTable(device, {
        groups: groups.length,
        clip: (t) => this.clipping.at(t),
        emaRate: (t) => this.averaging.rateAt(t),
        group: (group, t) => this.paramGroups[group]!.cell(t),
        scalars: (t) => this.scalars.at(t),
      });
    } catch (error) {
      this.scalars.dispose();
      this.lossScaling.dispose();
      throw error;
    }
    this.arenas = layouts.map((layout) => new Arena(device, layout, this.parameters, this.moments));
    this.control = new ControlBlock(device, this.groupOf, groups.length);
    this.reader = new ControlReader(name, this.control, this.counter, this.table);
    this.control.writeActive(this.active);
    this.control.writeCounters({ step: 0, skipped: 0, clipped: 0 }, this.parameters.map(() => 0), this.ratesAt(0), this.lossScaling.firstScale);
    for (const tensor of this.arenas.flatMap((arena) => arena.adopt())) tensor.dispose();
    for (const group of this.paramGroups) group.freezeParameters();
    this.initialiseMoments();
    const { table, arenas, control, scalars, averaging, lossScaling } = this;
    this.launches = new StepLaunches({
      device, arenas, control, table, scalars, lossScaling,
      kernel: algorithm.kernel(stepMoments),
      moments: stepMoments,
      averaged: averaging.on,
      parameters: this.parameters.length,
      groups: groups.length,
    });
  }

  /** "AdamW", "SGD" and so on: what its states call `algorithm`. */
  get name(): string {
    return this.algorithm.name;
  }

  /** The largest global gradient norm that is left alone; null for no clipping. May be changed at any time. */
  get clipNorm(): Scheduled | null {
    return this.clipping.get("clipNorm");
  }

  set clipNorm(clipNorm: Scheduled | null) {
    this.clipping.set("clipNorm", clipNorm);
    this.table.invalidate();
  }

  /** The largest size of a gradient's element; null for no clipping. May be changed at any time. */
  get clipValue(): Scheduled | null {
    return this.clipping.get("clipValue");
  }

  set clipValue(clipValue: Scheduled | null) {
    this.clipping.set("clipValue", clipValue);
    this.table.invalidate();
  }

  /** Decay of the averaged weights a step; null where there are none. May be changed at any time. */
  get emaDecay(): Scheduled | null {
    return this.averaging.decay;
  }

  set emaDecay(decay: Scheduled | null) {
    this.averaging.decay = decay;
    this.table.invalidate();
  }

  /**
   * The loss times the loss scale, for backward: so that gradients in f16 do not vanish. `step` divides by it again. The
   * loss itself without loss scaling.
   *
   * Source: Micikevicius et al. 2018, arXiv 1710.03740; how a dynamic scale moves is PyTorch's GradScaler.
   */
  scaleLoss(loss: Tensor): Tensor {
    this.checkUsable();
    const { scale } = this.lossScaling;
    return scale ? mul(loss, scale) : loss;
  }

  /**
   * Updates every parameter that has a gradient; the others, and their state, stay as they are. Without any gradient
   * nothing happens. Launches only: a gradient that is not finite is found on the GPU, and the step skipped there.
   *
   * Range:  accumulated = 1: how many backward passes the gradients are the sum of. They are divided by it.
   * Throws: UsageError if a parameter has gone to another optimizer, or a schedule gives a value that cannot be used.
   */
  step(options: { accumulated?: number } = {}): void {
    this.checkUsable();
    checkOptions(`${this.algorithm.name}.step`, options, ["accumulated"]);
    const accumulated = checkNumber(`${this.algorithm.name}.step`, "accumulated", options.accumulated ?? 1, { min: 1, max: 2 ** 24, integer: true });
    const active = this.gatherGradients();
    if (!active) return;
    this.device.queue.eachRun(() => this.prepareStep(active, accumulated));
    this.launches.step();
    for (const arena of this.arenas) arena.markChanged();
    this.scalars.markChanged();
    this.lossScaling.markChanged();
  }

  /** The host's share of a step, before its launches. */
  private prepareStep(active: boolean[], accumulated: number): void {
    this.checkUsable();
    if (active.some((now, i) => now !== this.active[i])) this.control.writeActive((this.active = active));
    const { lowest, highest } = this.counter;
    const { unreadSteps } = this.table;
    this.table.prepare(lowest, highest);
    this.startAverages();
    this.averaging.started = true;
    this.launches.prepare(accumulated);
    if (highest - lowest >= unreadSteps) this.reader.refresh();
    this.counter.launch();
  }

  /** Forgets every gradient, so that the next backward starts anew. */
  zeroGrad(): void {
    this.checkUsable();
    for (const arena of this.arenas) arena.zeroGrad();
  }

  /**
   * A number of the user's own that follows a schedule, as a tensor: a dropout rate, BatchNorm's momentum, a
   * contrastive temperature. It holds the value of the coming step, and every step that is taken rewrites it on the GPU.
   * Called again with the same name, it changes the schedule and gives the same tensor.
   *
   * Shapes: f32 [], owned by the optimizer.
   * Range:  range.min to range.max bound what the schedule may give; by default any finite number.
   * Throws: UsageError for a value out of range, now or when its step comes near.
   */
  scalar(name: string, value: Scheduled, range: NumberRange = {}): Tensor {
    this.checkUsable();
    return this.device.queue.unrecorded(() => this.registerScalar(name, value, range));
  }

  private registerScalar(name: string, value: Scheduled, range: NumberRange): Tensor {
    const { table, scalars, counter } = this;
    if (!scalars.names().includes(name) && !table.fits(scalars.count + 1)) {
      throw new UsageError(`${this.algorithm.name}: no room in the step table for another scalar, got ${scalars.count}; merge groups with equal options`);
    }
    const { tensor, isNew } = scalars.register(name, value, range, table.stepsAfterChange(counter.lowest, counter.highest));
    if (isNew) {
      table.resize(scalars.count);
      this.launches.scalarsChanged();
    }
    table.invalidate();
    this.refreshScalars(counter.lowest, counter.highest);
    return tensor;
  }

  /** What the kernels used at the last step, once everything launched so far has run. */
  async stats(): Promise<OptimizerStats> {
    this.checkAlive();
    const { rowMissed: _, ...stats } = await this.reader.read();
    return stats;
  }

  /** The last steps taken (1024, fewer beyond 12 groups), oldest first, as the kernels did them. Steps that were skipped are not there. */
  async history(): Promise<StepRecord[]> {
    this.checkAlive();
    return this.control.readHistory();
  }

  /**
   * Runs `fn` while the parameters show their averaged weights. Nothing is copied.
   *
   * Throws: UsageError without `emaDecay`, if a parameter has gone to another optimizer, and for a step taken meanwhile.
   */
  withAveragedWeights<T>(fn: () => T): T {
    this.checkOwner();
    this.startAverages();
    return this.averaging.during(fn, (show) => {
      for (const arena of this.arenas) arena.show("ema", show);
    });
  }

  /**
   * This moment of the optimizer and its parameters, kept on the device: `restore()` comes back to it bit for bit, any
   * number of times, options and schedules by identity included. The caller disposes it.
   */
  snapshot(): OptimizerSnapshot {
    this.checkOwner();
    this.startAverages();
    const { lowest, highest } = this.counter;
    const { started } = this.averaging;
    const options = this.paramGroups.map((group) => group.options);
    const [clips, decay, schedules, scaling] = [this.clipping.both, this.averaging.decay, this.scalars.schedules(), this.lossScaling.currentRule];
    const restore = () => {
      this.paramGroups.forEach((group, i) => group.options !== options[i] && group.replace(options[i]!));
      this.clipping.replace(clips);
      this.averaging.decay = decay;
      this.averaging.started = started;
      this.scalars.setSchedules(schedules);
      this.lossScaling.setRule(scaling);
      this.counter.reset(lowest, highest);
      this.table.invalidate();
      this.refreshScalars(lowest, highest);
    };
    const slices = [...this.arenas.flatMap((arena) => arena.state), ...this.control.state, this.lossScaling.slice];
    return new OptimizerSnapshot(this.device, slices, this.parameters, { check: () => this.checkOwner(), restore });
  }

  /** Everything but the parameters, so that an optimizer that loads it goes on bit for bit. */
  async stateDict(): Promise<OptimizerState> {
    this.checkUsable();
    const { algorithm } = this;
    const limits = toPlain({ ...this.clipping.both, emaDecay: this.averaging.decay }) as unknown as Record<ClipName | "emaDecay", PlainScheduled | null>;
    const groups = this.paramGroups.map((group) => group.toState());
    const scalars = this.scalars.toState();
    // Every read is queued before the first is awaited: one moment of the run, whatever is launched meanwhile.
    const reads = [this.reader.read(), this.readMoments(), this.lossScaling.toState()] as const;
    const [{ step, skipped, clipped }, { parameterSteps, moments }, lossScale] = await Promise.all(reads);
    return { algorithm: algorithm.name, step, skipped, clipped, ...limits, lossScale, groups, scalars, parameterSteps, moments };
  }

  /** The part of `stateDict` that lies on the GPU, whatever the options are: moments, and the steps that each parameter has taken. */
  async readMoments(): Promise<Pick<OptimizerState, "moments" | "parameterSteps">> {
    this.checkUsable();
    this.startAverages();
    const moments: OptimizerState["moments"] = Object.fromEntries(this.moments.map((name) => [name, []]));
    const [parameterSteps] = await Promise.all([
      this.control.readSteps(),
      ...this.moments.flatMap((name) => this.arenas.map((arena) => arena.readMoment(name, moments[name]!))),
    ]);
    return { moments, parameterSteps };
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
    const sizes = this.parameters.map((tensor) => tensor.size);
    checkState(state, { algorithm: name, groups, sizes, moments: this.moments, scalars: this.scalars.names(), averaged: this.averaging.on });
    const plan = planLoad(name, state, this.paramGroups, this.scalars, this.table.stepsAfterChange(state.step, state.step));
    this.paramGroups.forEach((group, i) => group.replace(plan.groups[i]!));
    this.clipping.replace(plan.clips);
    this.averaging.decay = plan.emaDecay;
    this.averaging.started = true;
    if (plan.scalars) this.scalars.setSchedules(plan.scalars);
    for (const moment of this.moments) for (const arena of this.arenas) arena.writeMoment(moment, state.moments[moment]!);
    this.control.writeCounters(state, state.parameterSteps, this.ratesAt(state.step), this.lossScaling.load(plan.lossScale));
    this.counter.reset(state.step);
    this.table.invalidate();
    this.refreshScalars(state.step, state.step);
  }

  /** Frees the optimizer's memory. The parameters keep their values. Disposing twice is harmless. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.averaging.end();
    this.launches.dispose();
    for (const arena of this.arenas) arena.dispose();
    this.scalars.dispose();
    this.lossScaling.dispose();
    this.table.dispose();
    this.control.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Averaged weights start from the parameters at the first step: weights may be loaded into them until then. */
  private startAverages(): void {
    if (!this.averaging.on || this.averaging.started) return;
    for (const arena of this.arenas) arena.copyParametersTo("ema");
  }

  /** What an algorithm wants to start from. */
  private initialiseMoments(): void {
    if (!this.algorithm.initial) return;
    for (const arena of this.arenas) {
      for (const moment of this.moments) {
        const values = this.paramGroups.map((group) => this.algorithm.initial!(moment, group.at(0)));
        if (values.some((value) => value !== 0) && moment !== "ema") arena.fillMoment(moment, (parameter) => values[this.groupOf[parameter]!]!);
      }
    }
  }

  /** Which parameters have a gradient; null if none has. */
  private gatherGradients(): boolean[] | null {
    const active = this.parameters.map(() => false);
    for (const arena of this.arenas) arena.collectGradients(this.algorithm.name, active);
    for (const group of this.paramGroups) setting(group, () => group.frozen);
    this.groupOf.forEach((group, i) => (active[i] &&= !this.paramGroups[group]!.frozen));
    return active.includes(true) ? active : null;
  }

  private refreshScalars(lowest: number, highest: number): void {
    if (this.scalars.count === 0) return;
    this.table.prepare(lowest, highest);
    this.launches.refreshScalars();
    this.scalars.markChanged();
  }

  private ratesAt(t: number): number[] {
    return this.paramGroups.map((group) => group.lrAt(t));
  }

  private checkOwner(): void {
    this.checkUsable();
    for (const arena of this.arenas) arena.checkOwned(this.algorithm.name);
  }

  private checkUsable(): void {
    this.checkAlive();
    this.averaging.checkHidden();
  }

  private checkAlive(): void {
    if (this.disposed) throw new DisposedError(`${this.algorithm.name}: used after dispose()`);
    this.reader.throwFailure();
  }
}
