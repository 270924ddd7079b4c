import { checkNumber, checkOptions } from "../options.js";
import { checkOptional, checkSteps, closed, openFrom } from "./checks.js";
import { mix } from "./curves.js";
import type { Family } from "./family.js";

/** from + (to - from) * t / steps for t < steps, then `to`. */
export interface LinearDescription {
  readonly shape: "linear";
  /** Absent: where the schedule before it ended. */
  readonly from?: number | undefined;
  /** 0 by default. */
  readonly to?: number | undefined;
  readonly steps: number;
}

export const linearFamily: Family<LinearDescription, unknown> = {
  shape: "linear",
  normal(description) {
    checkOptions("linear", description, ["shape", "from", "to", "steps"]);
    const { from, to = 0, steps } = description;
    checkOptional("linear", "from", from);
    checkNumber("linear", "to", to);
    checkSteps("linear", "steps", steps);
    return { shape: "linear", from, to, steps };
  },
  at: ({ from, to = 0, steps }, t) => (t >= steps ? to : mix(closed("linear", from), to, t / steps, (steps - t) / steps)),
  steps: ({ steps }) => steps,
  bound: ({ from = 0, to = 0 }) => Math.max(Math.abs(from), Math.abs(to)),
  ...openFrom,
};
