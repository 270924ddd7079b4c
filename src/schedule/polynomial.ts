import { checkNumber, checkOptions } from "../options.js";
import { checkOptional, checkSteps, closed, openFrom } from "./checks.js";
import { mix } from "./curves.js";
import type { Family } from "./family.js";

/** to + (from - to) * (1 - t / steps)^power for t < steps, then `to`. */
export interface PolynomialDescription {
  readonly shape: "polynomial";
  /** Absent: where the schedule before it ended. */
  readonly from?: number | undefined;
  /** 0 by default. */
  readonly to?: number | undefined;
  /** 1 by default. */
  readonly power?: number | undefined;
  readonly steps: number;
}

export const polynomialFamily: Family<PolynomialDescription, unknown> = {
  shape: "polynomial",
  normal(description) {
    checkOptions("polynomial", description, ["shape", "from", "to", "power", "steps"]);
    const { from, to = 0, power = 1, steps } = description;
    checkOptional("polynomial", "from", from);
    checkNumber("polynomial", "to", to);
    checkNumber("polynomial", "power", power, { above: 0 });
    checkSteps("polynomial", "steps", steps);
    return { shape: "polynomial", from, to, power, steps };
  },
  at({ from, to = 0, power = 1, steps }, t) {
    if (t >= steps) return to;
    const left = (1 - t / steps) ** power;
    return mix(closed("polynomial", from), to, 1 - left, left);
  },
  steps: ({ steps }) => steps,
  bound: ({ from = 0, to = 0 }) => Math.max(Math.abs(from), Math.abs(to)),
  ...openFrom,
};
