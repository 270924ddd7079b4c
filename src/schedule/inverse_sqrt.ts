import { checkNumber, checkOptions } from "../options.js";
import { checkOptional, closed, openFrom } from "./checks.js";
import type { Family } from "./family.js";

/** from / sqrt((t + timescale) / timescale). */
export interface InverseSqrtDescription {
  readonly shape: "inverseSqrt";
  /** Absent: where the schedule before it ended. */
  readonly from?: number | undefined;
  readonly timescale: number;
}

export const inverseSqrtFamily: Family<InverseSqrtDescription, unknown> = {
  shape: "inverseSqrt",
  normal(description) {
    checkOptions("inverseSqrt", description, ["shape", "from", "timescale"]);
    const { from, timescale } = description;
    checkOptional("inverseSqrt", "from", from);
    checkNumber("inverseSqrt", "timescale", timescale, { above: 0 });
    return { shape: "inverseSqrt", from, timescale };
  },
  at: ({ from, timescale }, t) => closed("inverseSqrt", from) / Math.sqrt((t + timescale) / timescale),
  steps: () => Infinity,
  bound: ({ from = 0 }) => Math.abs(from),
  ...openFrom,
};
