import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import type { Family } from "./family.js";

/** from + (to - from) * t / steps for t < steps, then `to`. */
export interface LinearDescription {
  readonly shape: "linear";
  /** Absent: where the schedule before it ended. */
  readonly from?: number;
  /** 0 by default. */
  readonly to?: number;
  readonly steps: number;
}

export const linearFamily: Family<LinearDescription, unknown> = {
  shape: "linear",
  normal(description) {
    checkOptions("linear", description, ["shape", "from", "to", "steps"]);
    const { from, to = 0, steps } = description;
    checkNumber("linear", "to", to);
    checkNumber("linear", "steps", steps, { min: 0, integer: true });
    return { shape: "linear", ...(from === undefined ? {} : { from: checkNumber("linear", "from", from) }), to, steps };
  },
  at({ from, to = 0, steps }, t) {
    if (from === undefined) throw new UsageError("linear: from is open, got none; give from, or chain it with .then()");
    return t >= steps ? to : from + (to - from) * (t / steps);
  },
  steps: ({ steps }) => steps,
  needsStart: ({ from }) => from === undefined,
  startingFrom: (description, value) => ({ ...description, from: value }),
};
