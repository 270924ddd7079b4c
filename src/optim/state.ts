// What an optimizer needs to go on bit for bit, and whether it fits.
import { CheckpointError } from "../errors.js";
import type { GroupState } from "./param_group.js";

/** Plain data and host arrays. Parameters themselves belong to the model's state. */
export interface OptimizerState {
  /** "AdamW", "Adam" or "SGD". */
  algorithm: string;
  /** Steps taken, skipped for a gradient that was not finite, and clipped. */
  step: number;
  skipped: number;
  clipped: number;
  clipNorm: number | null;
  groups: GroupState[];
  /** Steps that each parameter has taken, in the order of the groups. */
  parameterSteps: number[];
  /** For each name ("m", "v", "momentum"), one array a parameter, in the order of the groups. */
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
  if (state.clipNorm !== null && !(Number.isFinite(state.clipNorm) && state.clipNorm > 0)) wrong.push(`clipNorm: got ${String(state.clipNorm)}, expected null or a number > 0`);
  compare("parameters of each group", Array.isArray(state.groups) ? state.groups.map((group) => group?.parameters) : undefined, want.groups);
  const steps: unknown = state.parameterSteps;
  if (!Array.isArray(steps) || steps.length !== want.sizes.length || !steps.every(whole)) wrong.push(`parameterSteps: expected ${want.sizes.length} counts`);
  compare("moments", Object.keys(state.moments ?? {}).sort(), [...want.moments].sort());
  for (const name of want.moments) {
    const arrays = state.moments?.[name];
    if (!Array.isArray(arrays) || !arrays.every((array) => array instanceof Float32Array)) wrong.push(`${name}: expected an array of Float32Array`);
    else compare(`elements of ${name}`, arrays.map((array) => array.length), want.sizes);
  }
  if (wrong.length > 0) throw new CheckpointError([`${want.algorithm}: the state belongs to another optimizer, nothing was loaded`, ...wrong.map((line) => `  - ${line}`)].join("\n"));
}
