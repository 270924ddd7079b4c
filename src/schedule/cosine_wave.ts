import { checkNumber, checkOptions } from "../options.js";
import { checkOptional, closed, openFrom } from "./checks.js";
import { cosineMix } from "./curves.js";
import type { Family } from "./family.js";

/** to + (from - to) * (1 + cos(2 pi (t + start) / period)) / 2, for ever. */
export interface CosineWaveDescription {
  readonly shape: "cosineWave";
  /** Absent: where the schedule before it ended. */
  readonly from?: number | undefined;
  /** 0 by default. */
  readonly to?: number | undefined;
  /** Steps from one `from` to the next. */
  readonly period: number;
  /** Steps of the wave that lie behind at t = 0; 0 by default. */
  readonly start?: number | undefined;
}

export const cosineWaveFamily: Family<CosineWaveDescription, unknown> = {
  shape: "cosineWave",
  normal(description) {
    checkOptions("cosineWave", description, ["shape", "from", "to", "period", "start"]);
    const { from, to = 0, period, start = 0 } = description;
    checkOptional("cosineWave", "from", from);
    checkNumber("cosineWave", "to", to);
    checkNumber("cosineWave", "period", period, { above: 0 });
    checkNumber("cosineWave", "start", start, { min: 0 });
    return { shape: "cosineWave", from, to, period, start };
  },
  // The remainder first, which is exact: the cosine of a large angle is not.
  at: ({ from, to = 0, period, start = 0 }, t) => cosineMix(closed("cosineWave", from), to, 2 * (((t + start) % period) / period)),
  steps: () => Infinity,
  bound: ({ from = 0, to = 0 }) => Math.max(Math.abs(from), Math.abs(to)),
  ...openFrom,
};
