import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import type { Family } from "./family.js";

/** to + (from - to) * (1 + cos(pi * t / steps)) / 2 for t < steps, then `to`. */
export interface CosineDescription {
  readonly shape: "cosine";
  /** Absent: where the schedule before it ended. */
  readonly from?: number;
  /** 0 by default. */
  readonly to?: number;
  readonly steps: number;
}

export const cosineFamily: Family<CosineDescription, unknown> = {
  shape: "cosine",
  normal(description) {
    checkOptions("cosine", description, ["shape", "from", "to", "steps"]);
    const { from, to = 0, steps } = description;
    checkNumber("cosine", "to", to);
    checkNumber("cosine", "steps", steps, { min: 0, integer: true });
    return { shape: "cosine", ...(from === undefined ? {} : { from: checkNumber("cosine", "from", from) }), to, steps };
  },
  at({ from, to = 0, steps }, t) {
    if (from === undefined) throw new UsageError("cosine: from is open, got none; give from, or chain it with .then()");
    return t >= steps ? to : to + ((from - to) * (1 + Math.cos((Math.PI * t) / steps))) / 2;
  },
  steps: ({ steps }) => steps,
  needsStart: ({ from }) => from === undefined,
  startingFrom: (description, value) => ({ ...description, from: value }),
};
