import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { checkChoice, checkOptional, checkSteps, closed, openFrom } from "./checks.js";
import { mix } from "./curves.js";
import type { Family } from "./family.js";

/** Cycles of the same height, of half the height of the one before, or of a height that falls by a factor every step. */
export type CyclicMode = "triangular" | "triangular2" | "exp_range";

const heights: Readonly<Record<CyclicMode, (cycle: number, t: number, factor: number) => number>> = {
  triangular: () => 1,
  triangular2: (cycle) => 2 ** -cycle,
  exp_range: (_cycle, t, factor) => factor ** t,
};

/** from + (to - from) * triangle(t) * height(t): the triangle rises from 0 to 1 in `up` steps and falls in `down`, again and again. */
export interface CyclicDescription {
  readonly shape: "cyclic";
  /** Absent: where the schedule before it ended. */
  readonly from?: number | undefined;
  readonly to: number;
  readonly up: number;
  /** As `up` by default. */
  readonly down?: number | undefined;
  /** "triangular" by default. */
  readonly mode?: CyclicMode | undefined;
  /** What a step multiplies the height by, in exp_range only. */
  readonly factor?: number | undefined;
}

export const cyclicFamily: Family<CyclicDescription, unknown> = {
  shape: "cyclic",
  normal(description) {
    checkOptions("cyclic", description, ["shape", "from", "to", "up", "down", "mode", "factor"]);
    const { from, to, up, down = up, factor } = description;
    checkOptional("cyclic", "from", from);
    checkNumber("cyclic", "to", to);
    checkSteps("cyclic", "up", up, 1);
    checkSteps("cyclic", "down", down);
    checkSteps("cyclic", "up + down", up + down);
    const mode = checkChoice("cyclic", "mode", description.mode ?? "triangular", heights);
    checkOptional("cyclic", "factor", factor, { above: 0, max: 1 });
    if ((factor !== undefined) !== (mode === "exp_range")) {
      throw new UsageError(`cyclic: factor belongs to mode "exp_range", got ${factor ?? "none"} for "${mode}"; ${factor === undefined ? "give factor" : "leave it out, or change the mode"}`);
    }
    return { shape: "cyclic", from, to, up, down, mode, factor };
  },
  at({ from, to, up, down = up, mode = "triangular", factor = 1 }, t) {
    const length = up + down;
    const done = t % length;
    const triangle = done <= up ? done / up : (length - done) / down;
    return mix(closed("cyclic", from), to, triangle * heights[mode](Math.floor(t / length), t, factor));
  },
  steps: () => Infinity,
  bound: ({ from = 0, to }) => Math.max(Math.abs(from), Math.abs(to)),
  ...openFrom,
};
