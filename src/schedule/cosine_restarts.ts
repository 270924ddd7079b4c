import { checkNumber, checkOptions } from "../options.js";
import { checkOptional, checkSteps, closed, openFrom } from "./checks.js";
import { cosineMix } from "./curves.js";
import type { Family } from "./family.js";

/** Half a period of cosine from `from` to `to`, `cycles` times in `steps` steps, then `to`. */
export interface CosineRestartsDescription {
  readonly shape: "cosineRestarts";
  /** Absent: where the schedule before it ended. */
  readonly from?: number | undefined;
  /** 0 by default. */
  readonly to?: number | undefined;
  readonly steps: number;
  /** 1 by default. */
  readonly cycles?: number | undefined;
}

export const cosineRestartsFamily: Family<CosineRestartsDescription, unknown> = {
  shape: "cosineRestarts",
  normal(description) {
    checkOptions("cosineRestarts", description, ["shape", "from", "to", "steps", "cycles"]);
    const { from, to = 0, steps, cycles = 1 } = description;
    checkOptional("cosineRestarts", "from", from);
    checkNumber("cosineRestarts", "to", to);
    checkSteps("cosineRestarts", "steps", steps);
    // The product with a step count must not overflow.
    checkNumber("cosineRestarts", "cycles", cycles, { above: 0, max: 1e100 });
    return { shape: "cosineRestarts", from, to, steps, cycles };
  },
  at({ from, to = 0, steps, cycles = 1 }, t) {
    if (t >= steps) return to;
    // Not (cycles * (t / steps)) % 1: rounded, that misses the restart at t = 15 of 22 cycles in 22 steps.
    return cosineMix(closed("cosineRestarts", from), to, ((cycles * t) % steps) / steps);
  },
  steps: ({ steps }) => steps,
  bound: ({ from = 0, to = 0 }) => Math.max(Math.abs(from), Math.abs(to)),
  ...openFrom,
};
