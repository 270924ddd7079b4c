import { checkNumber, checkOptions } from "../options.js";
import { checkOptional, closed, openFrom } from "./checks.js";
import type { Family } from "./family.js";

/** from * (1 + rate * t)^-power. */
export interface InverseTimeDescription {
  readonly shape: "inverseTime";
  /** Absent: where the schedule before it ended. */
  readonly from?: number | undefined;
  readonly rate: number;
  /** 1 by default. */
  readonly power?: number | undefined;
}

export const inverseTimeFamily: Family<InverseTimeDescription, unknown> = {
  shape: "inverseTime",
  normal(description) {
    checkOptions("inverseTime", description, ["shape", "from", "rate", "power"]);
    const { from, rate, power = 1 } = description;
    checkOptional("inverseTime", "from", from);
    // The product with a step count must not overflow.
    checkNumber("inverseTime", "rate", rate, { min: 0, max: 1e100 });
    checkNumber("inverseTime", "power", power, { above: 0 });
    return { shape: "inverseTime", from, rate, power };
  },
  // log1p: a small rate with a large power must not be lost in 1 + rate * t.
  at: ({ from, rate, power = 1 }, t) => closed("inverseTime", from) * Math.exp(-power * Math.log1p(rate * t)),
  steps: ({ rate }) => (rate === 0 ? 0 : Infinity),
  bound: ({ from = 0 }) => Math.abs(from),
  ...openFrom,
};
