import { checkNumber, checkOptions } from "../options.js";
import { checkOptional, checkSteps, closed, openFrom } from "./checks.js";
import { cosineMix } from "./curves.js";
import type { Family } from "./family.js";

/** to + (from - to) * (1 + cos(pi * t / steps)) / 2 for t < steps, then `to`. */
export interface CosineDescription {
  readonly shape: "cosine";
  /** Absent: where the schedule before it ended. */
  readonly from?: number | undefined;
  /** 0 by default. */
  readonly to?: number | undefined;
  readonly steps: number;
}

export const cosineFamily: Family<CosineDescription, unknown> = {
  shape: "cosine",
  normal(description) {
    checkOptions("cosine", description, ["shape", "from", "to", "steps"]);
    const { from, to = 0, steps } = description;
    checkOptional("cosine", "from", from);
    checkNumber("cosine", "to", to);
    checkSteps("cosine", "steps", steps);
    return { shape: "cosine", from, to, steps };
  },
  at: ({ from, to = 0, steps }, t) => (t >= steps ? to : cosineMix(closed("cosine", from), to, t / steps)),
  steps: ({ steps }) => steps,
  bound: ({ from = 0, to = 0 }) => Math.max(Math.abs(from), Math.abs(to)),
  ...openFrom,
};
