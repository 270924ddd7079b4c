// Parameter groups: tensors that share hyper-parameters.
import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { asSchedule, fromJSON, type Description, type Schedule } from "../schedule/index.js";
import { Tensor } from "../tensor/tensor.js";

/** What every algorithm has. */
export interface CommonOptions {
  /** A number, or a schedule of the optimizer's step. */
  lr: number | Schedule;
  weightDecay: number;
}

/** A group as the user gives it; what it leaves out comes from the optimizer's options. */
export type GroupOptions<O> = { readonly params: readonly Tensor[] } & Partial<O>;

/** A group's options as a checkpoint stores them. */
export type GroupState = Record<string, unknown> & { lr: number | Description; parameters: number };

/** A group of a live optimizer. `lr` and `weightDecay` may be changed at any time, from the next step on. */
export class ParamGroup<O extends CommonOptions = CommonOptions> {
  private values!: O;
  private schedule!: Schedule;

  constructor(
    private readonly where: string,
    readonly params: readonly Tensor[],
    options: O,
    private readonly check: (where: string, options: O) => void,
    private readonly changed: () => void,
  ) {
    this.replace(options);
  }

  /** As it was set: a number, or a schedule. */
  get lr(): number | Schedule {
    return this.values.lr;
  }

  set lr(lr: number | Schedule) {
    if (lr !== this.values.lr) this.replace({ ...this.values, lr });
  }

  get weightDecay(): number {
    return this.values.weightDecay;
  }

  set weightDecay(weightDecay: number) {
    if (weightDecay !== this.values.weightDecay) this.replace({ ...this.values, weightDecay });
  }

  /** All hyper-parameters. */
  get options(): Readonly<O> {
    return this.values;
  }

  /** The learning rate of step `t`, in float64. */
  lrAt(t: number): number {
    const lr = this.schedule.at(t);
    if (!(lr >= 0) || !Number.isFinite(Math.fround(lr))) {
      throw new UsageError(`${this.where}: lr must be a finite number >= 0, got ${lr} at step ${t}`);
    }
    return lr;
  }

  /** Checks, then takes over new options. */
  replace(options: O): void {
    this.schedule = this.validated(options);
    this.values = Object.freeze({ ...options });
    this.changed();
  }

  toState(): GroupState {
    const { lr } = this.values;
    const rest = { ...this.values } as Record<string, unknown>;
    return { ...rest, lr: typeof lr === "number" ? lr : lr.toJSON(), parameters: this.params.length };
  }

  /** Options of a stored group. Throws UsageError, and changes nothing. */
  optionsOf({ lr, parameters: _, ...rest }: GroupState): O {
    checkOptions(`${this.where} state`, rest, Object.keys(this.values));
    const options = { ...this.values, ...rest, lr: typeof lr === "number" ? lr : fromJSON(lr) } as O;
    this.validated(options);
    return options;
  }

  /** The options' schedule. Throws UsageError for options out of range. */
  private validated(options: O): Schedule {
    this.check(this.where, options);
    checkNumber(this.where, "weightDecay", options.weightDecay, { min: 0 });
    return checkedSchedule(this.where, options.lr);
  }
}

function checkedSchedule(where: string, lr: number | Schedule): Schedule {
  if (typeof lr === "number") checkNumber(where, "lr", lr, { min: 0 });
  const schedule = asSchedule(lr);
  if (schedule.isOpen) throw new UsageError(`${where}: lr starts where another schedule ended, got none before it; give the schedule a from, or chain it with .then()`);
  return schedule;
}

/** Brings both forms of the first argument to groups, and checks every parameter. */
export function normalGroups<O extends CommonOptions>(
  where: string,
  params: readonly Tensor[] | readonly GroupOptions<O>[],
  defaults: O,
  keys: readonly string[],
): { params: readonly Tensor[]; options: O }[] {
  if (!Array.isArray(params)) throw new UsageError(`${where}: params must be an array of tensors or of groups, got ${typeof params}`);
  const list = params as readonly (Tensor | GroupOptions<O>)[];
  const given = list.length > 0 && list.every((entry) => entry instanceof Tensor) ? [{ params: list } as GroupOptions<O>] : (list as readonly GroupOptions<O>[]);
  const groups = given.map((group) => {
    if (typeof group !== "object" || group === null || group instanceof Tensor || !Array.isArray(group.params)) {
      throw new UsageError(`${where}: a group is { params: [tensors], ... }, got ${group instanceof Tensor ? "tensors and groups mixed" : JSON.stringify(group)}`);
    }
    checkOptions(where, group, ["params", ...keys]);
    const { params: tensors, ...own } = group;
    return { params: [...tensors], options: { ...defaults, ...withoutUndefined(own) } as O };
  });
  checkParameters(where, groups.flatMap((group) => group.params));
  return groups;
}

/** An option given as undefined counts as left out. */
export function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

function checkParameters(where: string, tensors: readonly Tensor[]): void {
  if (tensors.length === 0) throw new UsageError(`${where}: got no parameters; pass the tensors to train`);
  const seen = new Map<Tensor, number>();
  tensors.forEach((tensor, i) => {
    if (!(tensor instanceof Tensor)) throw new UsageError(`${where}: parameter ${i} must be a tensor, got ${typeof tensor}`);
    if (seen.has(tensor)) throw new UsageError(`${where}: parameter ${i} ${tensor.describe()} is listed twice, first as parameter ${seen.get(tensor)!}`);
    seen.set(tensor, i);
    if (tensor.isDisposed) throw new UsageError(`${where}: parameter ${i} ${tensor.describe()} was disposed`);
    if (tensor.node) throw new UsageError(`${where}: parameter ${i} ${tensor.describe()} was computed by ${tensor.node.op}; only leaves can be trained`);
    if (!tensor.requiresGrad) throw new UsageError(`${where}: parameter ${i} ${tensor.describe()} does not require a gradient; set requiresGrad`);
    if (tensor.device !== tensors[0]!.device) throw new UsageError(`${where}: parameter ${i} ${tensor.describe()} lives on another device than parameter 0`);
  });
}
