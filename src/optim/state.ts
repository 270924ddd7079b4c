// What an optimizer needs to go on bit for bit, and whether it fits.
import { CheckpointError } from "../errors.js";
import { fromJSON, type Description, type Schedule } from "../schedule/index.js";
import { Averaging } from "./averaging.js";
import { Clipping, type ClipName } from "./clipping.js";
import { checkLossScale, type LossScaleState } from "./loss_scaling.js";
import type { CommonOptions, GroupState, ParamGroup } from "./param_group.js";
import type { Scalars } from "./scalars.js";
import { fromPlain, type Scheduled } from "./values.js";

/** As JSON holds it. */
export type PlainScheduled = number | Description;

/** Plain data and host arrays. Parameters themselves belong to the model's state. */
export interface OptimizerState {
  /** "AdamW", "SGD" and so on. */
  algorithm: string;
  /** Steps taken, skipped for a gradient that was not finite, and clipped. */
  step: number;
  skipped: number;
  clipped: number;
  clipNorm: PlainScheduled | null;
  /** This and the next two are absent in states of Kiln 0.1. */
  clipValue?: PlainScheduled | null;
  emaDecay?: PlainScheduled | null;
  /** Absent in states of Kiln 0.1: the scale then starts anew. */
  lossScale?: LossScaleState | null;
  /** Schedules of the registered scalars, by name. */
  scalars?: Record<string, Description>;
  groups: GroupState[];
  /** Steps that each parameter has taken, in the order of the groups. */
  parameterSteps: number[];
  /** For each name ("m", "v", "ema"), one array a parameter, in the order of the groups. */
  moments: Record<string, Float32Array[]>;
}

/** What the optimizer that loads has. */
export interface StateShape {
  algorithm: string;
  /** Parameters of each group. */
  groups: readonly number[];
  /** Elements of each parameter. */
  sizes: readonly number[];
  moments: readonly string[];
  scalars: readonly string[];
  averaged: boolean;
}

/** Throws CheckpointError that lists everything that does not fit. */
export function checkState(state: OptimizerState, want: StateShape): void {
  const wrong: string[] = [];
  const whole = (value: unknown) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32;
  const compare = (what: string, got: unknown, expected: unknown) => {
    if (JSON.stringify(got) !== JSON.stringify(expected)) wrong.push(`${what}: got ${JSON.stringify(got) ?? "none"}, expected ${JSON.stringify(expected)}`);
  };
  if (typeof state !== "object" || state === null) throw new CheckpointError(`${want.algorithm}: the state must be an object, got ${String(state)}`);
  compare("algorithm", state.algorithm, want.algorithm);
  for (const name of ["step", "skipped", "clipped"] as const) if (!whole(state[name])) wrong.push(`${name}: got ${String(state[name])}, expected a count`);
  for (const name of ["clipNorm", "clipValue"] as const) {
    const limit = state[name];
    if (typeof limit === "number" && !(Number.isFinite(limit) && limit > 0)) wrong.push(`${name}: got ${String(limit)}, expected null or a number > 0`);
  }
  compare("parameters of each group", Array.isArray(state.groups) ? state.groups.map((group) => group?.parameters) : undefined, want.groups);
  const steps: unknown = state.parameterSteps;
  if (!Array.isArray(steps) || steps.length !== want.sizes.length || !steps.every(whole)) wrong.push(`parameterSteps: expected ${want.sizes.length} counts`);
  if (state.scalars !== undefined) compare("scalars", Object.keys(state.scalars ?? {}).sort(), [...want.scalars].sort());
  compare("averaged weights", (state.emaDecay ?? null) !== null, want.averaged);
  compare("moments", Object.keys(state.moments ?? {}).sort(), [...want.moments].sort());
  for (const name of want.moments) {
    const arrays = state.moments?.[name];
    if (!Array.isArray(arrays) || !arrays.every((array) => array instanceof Float32Array)) wrong.push(`${name}: expected an array of Float32Array`);
    else compare(`elements of ${name}`, arrays.map((array) => array.length), want.sizes);
  }
  if (wrong.length > 0) throw new CheckpointError([`${want.algorithm}: the state belongs to another optimizer, nothing was loaded`, ...wrong.map((line) => `  - ${line}`)].join("\n"));
}

/** A state's options, all of them checked: taking them over cannot fail halfway. */
export interface LoadPlan<O> {
  groups: O[];
  clips: Record<ClipName, Scheduled | null>;
  emaDecay: Scheduled | null;
  /** In the order of the registered ones. */
  scalars: Schedule[] | null;
  lossScale: LossScaleState | null | undefined;
}

/** Throws CheckpointError for options that cannot be used at the steps that come next. */
export function planLoad<O extends CommonOptions>(
  where: string,
  state: OptimizerState,
  groups: readonly ParamGroup<O>[],
  registered: Scalars,
  steps: readonly number[],
): LoadPlan<O> {
  const attempt = <T>(what: string, fn: () => T): T => {
    try {
      return fn();
    } catch (error) {
      throw new CheckpointError(`${where}: ${what} cannot be used, nothing was loaded`, { cause: error });
    }
  };
  const options = groups.map((group, i) => attempt(`the options of group ${i}`, () => group.optionsOf(state.groups[i]!, steps)));
  const limits = attempt("the clipping or averaging", () => {
    const { clipNorm, clipValue = null, emaDecay = null } = state;
    const limits = fromPlain({ clipNorm, clipValue, emaDecay }) as Record<ClipName | "emaDecay", Scheduled | null>;
    const clipping = new Clipping(where, {});
    clipping.replace({ clipNorm: limits.clipNorm, clipValue: limits.clipValue });
    const averaging = new Averaging(where, limits.emaDecay ?? undefined);
    for (const t of steps) {
      clipping.at(t);
      averaging.rateAt(t);
    }
    return { clips: clipping.both, emaDecay: limits.emaDecay };
  });
  const scalars = attempt("the scalars", () => {
    if (!state.scalars) return null;
    const schedules = registered.names().map((name) => fromJSON(state.scalars![name]));
    registered.checkSchedules(schedules, steps);
    return schedules;
  });
  const lossScale = attempt("the loss scale", () => {
    if (state.lossScale) checkLossScale("lossScale", state.lossScale);
    return state.lossScale;
  });
  return { groups: options, ...limits, scalars, lossScale };
}
