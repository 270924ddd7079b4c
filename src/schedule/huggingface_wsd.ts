// Hugging Face's warmup_stable_decay: each part of one of three forms.
import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { checkChoice, checkSteps } from "./checks.js";
import { cosineWave } from "./cycles.js";
import { constant, linear, polynomial } from "./decays.js";
import type { Schedule } from "./schedule.js";
import { warmup, warmupStableDecay } from "./warmups.js";

/** The curves of its warmup and its decay. */
export type WsdType = "linear" | "cosine" | "1-sqrt";

/** Options of `getWsdSchedule`. */
export interface WsdScheduleOptions {
  readonly warmupSteps: number;
  readonly decaySteps: number;
  /** Either this, or `steps`. */
  readonly stableSteps?: number;
  /** Steps of all three parts together. */
  readonly steps?: number;
  readonly warmupType?: WsdType;
  readonly decayType?: WsdType;
  /** Where the warmup starts and the decay ends, as a share of the rate. */
  readonly minLrRatio?: number;
  /** Of a cosine decay. */
  readonly numCycles?: number;
}

interface Fall {
  readonly lr: number;
  readonly end: number;
  readonly steps: number;
  readonly cycles: number;
}

const rises: Readonly<Record<WsdType, (from: number, lr: number, steps: number) => Schedule>> = {
  linear: (from, to, steps) => warmup({ from, to, steps }),
  cosine: (from, to, steps) => warmup({ from, to, steps, curve: "cosine" }),
  "1-sqrt": (from, to, steps) => polynomial({ from, to, steps, power: 0.5 }),
};

const falls: Readonly<Record<WsdType, (fall: Fall) => Schedule>> = {
  linear: ({ lr, end, steps }) => linear({ from: lr, to: end, steps }),
  cosine: ({ lr, end, steps, cycles }) => cosineWave({ from: lr, to: end, period: Math.max(1, steps) / cycles }),
  "1-sqrt": ({ lr, end, steps }) => warmupStableDecay({ stable: 0, decay: steps, to: lr, end, decayCurve: "1-sqrt" }),
};

export function warmupStableDecayOf(where: string, lr: number, options: WsdScheduleOptions): Schedule {
  checkOptions(where, options, ["warmupSteps", "decaySteps", "stableSteps", "steps", "warmupType", "decayType", "minLrRatio", "numCycles"]);
  const { warmupType = "linear", decayType = "cosine", minLrRatio = 0, numCycles = 0.5 } = options ?? {};
  checkNumber(where, "lr", lr, { min: 0 });
  const rise = rises[checkChoice(where, "warmupType", warmupType, rises)];
  const fall = falls[checkChoice(where, "decayType", decayType, falls)];
  const low = lr * checkNumber(where, "minLrRatio", minLrRatio, { min: 0 });
  const cycles = checkNumber(where, "numCycles", numCycles, { above: 0 });
  const { warmupSteps, stableSteps, decaySteps } = parts(where, options);
  const start = warmupSteps + stableSteps;
  return rise(low, lr, warmupSteps)
    .then(fall({ lr, end: low, steps: decaySteps, cycles }), { at: start })
    .then(constant(low, { steps: 0 }), { at: start + decaySteps });
}

function parts(where: string, options: WsdScheduleOptions): { warmupSteps: number; stableSteps: number; decaySteps: number } {
  const warmupSteps = checkSteps(where, "warmupSteps", options?.warmupSteps);
  const decaySteps = checkSteps(where, "decaySteps", options.decaySteps);
  const { steps, stableSteps = steps === undefined ? undefined : checkSteps(where, "steps", steps) - warmupSteps - decaySteps } = options;
  if (stableSteps === undefined) throw new UsageError(`${where}: needs stableSteps or steps, got neither`);
  if (stableSteps < 0 || (steps !== undefined && steps !== warmupSteps + stableSteps + decaySteps)) {
    throw new UsageError(
      `${where}: the parts must add up to steps, got warmupSteps ${warmupSteps}, stableSteps ${options.stableSteps ?? "what is left"} and decaySteps ${decaySteps} of ${steps}`,
    );
  }
  return { warmupSteps, stableSteps: checkSteps(where, "stableSteps", stableSteps), decaySteps };
}
