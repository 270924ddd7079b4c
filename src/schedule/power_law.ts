import { checkNumber, checkOptions } from "../options.js";
import { checkOptional, closed, openFrom } from "./checks.js";
import type { Family } from "./family.js";

/** from * max(1, (t + 1) / timescale)^-power. */
export interface PowerLawDescription {
  readonly shape: "powerLaw";
  /** Absent: where the schedule before it ended. */
  readonly from?: number | undefined;
  readonly power: number;
  /** The steps that stay at `from`; 1 by default. */
  readonly timescale?: number | undefined;
}

export const powerLawFamily: Family<PowerLawDescription, unknown> = {
  shape: "powerLaw",
  normal(description) {
    checkOptions("powerLaw", description, ["shape", "from", "power", "timescale"]);
    const { from, power, timescale = 1 } = description;
    checkOptional("powerLaw", "from", from);
    checkNumber("powerLaw", "power", power, { above: 0 });
    checkNumber("powerLaw", "timescale", timescale, { min: 1 });
    return { shape: "powerLaw", from, power, timescale };
  },
  at: ({ from, power, timescale = 1 }, t) => closed("powerLaw", from) * Math.max(1, (t + 1) / timescale) ** -power,
  steps: () => Infinity,
  bound: ({ from = 0 }) => Math.abs(from),
  ...openFrom,
};
