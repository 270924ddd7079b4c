// Parameter groups: tensors that share hyper-parameters.
import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { asSchedule, Schedule } from "../schedule/index.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Algorithm, Cell } from "./algorithm.js";
import { flags } from "./algorithm.js";
import { checkClosed, fromPlain, frozenCopy, hasSchedule, resolve, toPlain, type Resolved, type Scheduled } from "./values.js";

/** What every algorithm has. */
export interface CommonOptions {
  lr: Scheduled;
  weightDecay: Scheduled;
  /** Steps uphill: for an objective instead of a loss. */
  maximize: boolean;
  /** The group's parameters, their state and their counts of steps stay as they are, and backward computes no gradient for them. */
  frozen: boolean;
}

/** The common options' defaults. */
export const commonDefaults = { maximize: false, frozen: false } as const;

/** A group as the user gives it; what it leaves out comes from the optimizer's options. */
export type GroupOptions<O> = { readonly params: readonly Tensor[] } & Partial<O>;

/** A group's options as a checkpoint stores them: schedules as plain data. */
export type GroupState = Record<string, unknown> & { parameters: number };

/** One group's numbers of one step. */
export interface GroupCell extends Cell {
  lr: number;
  weightDecay: number;
}

/** A group of a live optimizer. Everything but its parameters may be changed at any time, from the next step on. */
export class ParamGroup<O extends CommonOptions = CommonOptions> {
  private values: O;
  /** The cell of every step, where no option follows a schedule and once it is known. */
  private constantCell: GroupCell | null = null;

  constructor(
    private readonly algorithm: Algorithm<O>,
    readonly params: readonly Tensor[],
    options: O,
    /** What the optimizer keeps memory for. */
    private readonly moments: readonly string[],
    private readonly changed: () => void,
  ) {
    this.validate(options);
    this.values = frozenCopy(options);
  }

  /** A group that starts frozen: nothing was touched while the optimizer's constructor could still throw. */
  freezeParameters(): void {
    if (this.values.frozen) for (const tensor of this.params) tensor.requiresGrad = false;
  }

  /** As it was set: a number, or a schedule. */
  get lr(): Scheduled {
    return this.values.lr;
  }

  set lr(lr: Scheduled) {
    if (lr !== this.values.lr) this.replace({ ...this.values, lr });
  }

  /** As it was set: a number, or a schedule. */
  get weightDecay(): Scheduled {
    return this.values.weightDecay;
  }

  set weightDecay(weightDecay: Scheduled) {
    if (weightDecay !== this.values.weightDecay) this.replace({ ...this.values, weightDecay });
  }

  /** True while the group is left alone. Sets `requiresGrad` of its parameters, so that backward stops before them. */
  get frozen(): boolean {
    return this.values.frozen;
  }

  set frozen(frozen: boolean) {
    if (frozen !== this.values.frozen) this.replace({ ...this.values, frozen });
  }

  /** All hyper-parameters. */
  get options(): Readonly<O> {
    return this.values;
  }

  /**
   * Changes hyper-parameters, from the next step on.
   *
   * Throws: UsageError for an unknown name or a value out of range. Nothing was changed then.
   */
  update(changes: Partial<O>): void {
    checkOptions(this.algorithm.name, changes, Object.keys(this.values));
    this.replace({ ...this.values, ...withoutUndefined(changes) });
  }

  /** The learning rate of step `t`, in float64. */
  lrAt(t: number): number {
    return this.rate("lr", asSchedule(this.values.lr).at(t), t);
  }

  /** The options of step `t`, in float64. Throws UsageError where a schedule gives a number that cannot be used. */
  at(t: number): Resolved<O> {
    return this.resolved(this.values, t);
  }

  /** What the step table holds for step `t`. Throws UsageError where a schedule gives a number that cannot be used. */
  cell(t: number): GroupCell {
    if (this.constantCell) return this.constantCell;
    const cell = this.cellAt(t);
    if (!hasSchedule(this.values)) this.constantCell = cell;
    return cell;
  }

  private cellAt(t: number): GroupCell {
    const options = this.at(t);
    const cell = this.algorithm.cell(options);
    const { lr, weightDecay, maximize } = common(options);
    return { ...cell, lr, weightDecay, flags: cell.flags + (maximize ? flags.maximize : 0) };
  }

  /** Checks, then takes over new options. */
  replace(options: O): void {
    this.validate(options);
    const toggled = this.values.frozen !== options.frozen;
    this.values = frozenCopy(options);
    this.constantCell = null;
    if (toggled) for (const tensor of this.params) if (!tensor.isDisposed) tensor.requiresGrad = !options.frozen;
    this.changed();
  }

  /** Plain data. Throws UsageError for a schedule of the user's own function. */
  toState(): GroupState {
    return { ...toPlain(this.values), parameters: this.params.length };
  }

  /** Options of a stored group, fit for these steps. Throws UsageError, and changes nothing. */
  optionsOf({ parameters: _, ...rest }: GroupState, steps: readonly number[]): O {
    checkOptions(`${this.algorithm.name} state`, rest, Object.keys(this.values));
    const options = { ...this.values, ...fromPlain(rest) } as O;
    this.validate(options);
    for (const t of steps) this.resolved(options, t);
    return options;
  }

  private validate(options: O): void {
    const { name } = this.algorithm;
    if (typeof options.lr === "number") checkNumber(name, "lr", options.lr, { min: 0 });
    asSchedule(options.lr);
    checkClosed(name, options);
    if (!(options.weightDecay instanceof Schedule)) checkNumber(name, "weightDecay", options.weightDecay, { min: 0 });
    for (const option of ["maximize", "frozen"] as const) {
      if (typeof options[option] !== "boolean") throw new UsageError(`${name}: ${option} must be true or false, got ${String(options[option])}`);
    }
    this.algorithm.check(name, resolve(options, 0));
    const missing = this.algorithm.moments([options]).filter((moment) => !this.moments.includes(moment));
    if (missing.length > 0) {
      throw new UsageError(`${name}: the options need memory that this optimizer was made without, got none for "${missing.join('", "')}"; give them when it is made`);
    }
  }

  private resolved(values: O, t: number): Resolved<O> {
    const options = resolve(values, t);
    const { lr, weightDecay } = common(options);
    this.rate("lr", lr, t);
    this.rate("weightDecay", weightDecay, t);
    try {
      this.algorithm.check(this.algorithm.name, options);
    } catch (error) {
      throw new UsageError(`${(error as Error).message} at step ${t}`, { cause: error });
    }
    return options;
  }

  private rate(option: string, value: number, t: number): number {
    if (value >= 0 && Number.isFinite(Math.fround(value))) return value;
    throw new UsageError(`${this.algorithm.name}: ${option} must be a finite number >= 0, got ${value} at step ${t}`);
  }
}

/** What every algorithm's options have: TypeScript cannot see through `Resolved` of a type that is still open. */
function common<O extends CommonOptions>(options: Resolved<O>): Resolved<CommonOptions> {
  return options as unknown as Resolved<CommonOptions>;
}

/** An option given as undefined counts as left out. */
export function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
