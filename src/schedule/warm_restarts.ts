import { checkNumber, checkOptions } from "../options.js";
import { checkOptional, checkSteps, closed, openFrom } from "./checks.js";
import { cosineMix } from "./curves.js";
import type { Family } from "./family.js";

/** Half a period of cosine from `from` to `to` over `steps` steps, then over steps * multiply, steps * multiply^2, ... */
export interface WarmRestartsDescription {
  readonly shape: "warmRestarts";
  /** Absent: where the schedule before it ended. */
  readonly from?: number | undefined;
  /** 0 by default. */
  readonly to?: number | undefined;
  /** Of the first cycle. */
  readonly steps: number;
  /** How many times as long each cycle is as the one before it; 1 by default. */
  readonly multiply?: number | undefined;
}

export const warmRestartsFamily: Family<WarmRestartsDescription, unknown> = {
  shape: "warmRestarts",
  normal(description) {
    checkOptions("warmRestarts", description, ["shape", "from", "to", "steps", "multiply"]);
    const { from, to = 0, steps, multiply = 1 } = description;
    checkOptional("warmRestarts", "from", from);
    checkNumber("warmRestarts", "to", to);
    checkSteps("warmRestarts", "steps", steps, 1);
    checkSteps("warmRestarts", "multiply", multiply, 1);
    return { shape: "warmRestarts", from, to, steps, multiply };
  },
  at({ from, to = 0, steps, multiply = 1 }, t) {
    const { start, length } = cycleAt(steps, multiply, t);
    return cosineMix(closed("warmRestarts", from), to, (t - start) / length);
  },
  steps: () => Infinity,
  bound: ({ from = 0, to = 0 }) => Math.max(Math.abs(from), Math.abs(to)),
  ...openFrom,
};

/** The cycle that step t lies in: added up, because a logarithm would be rounded. Cycles that grow are few. */
function cycleAt(steps: number, multiply: number, t: number): { start: number; length: number } {
  if (multiply === 1) return { start: t - (t % steps), length: steps };
  let [start, length] = [0, steps];
  while (t - start >= length) {
    start += length;
    length *= multiply;
  }
  return { start, length };
}
