import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { checkOptional, checkSteps, closed, maxSteps, openFrom } from "./checks.js";
import type { Family } from "./family.js";

/** from * factor^floor(t / every), not past `to`. */
export interface StepDescription {
  readonly shape: "step";
  /** Absent: where the schedule before it ended. */
  readonly from?: number | undefined;
  readonly every: number;
  readonly factor: number;
  /** A floor of what falls, a ceiling of what grows. */
  readonly to?: number | undefined;
}

export const stepFamily: Family<StepDescription, unknown> = {
  shape: "step",
  normal(description) {
    checkOptions("step", description, ["shape", "from", "every", "factor", "to"]);
    const { from, every, factor, to } = description;
    checkOptional("step", "from", from);
    checkSteps("step", "every", every, 1);
    checkNumber("step", "factor", factor, { min: 0 });
    checkOptional("step", "to", to, { min: 0 });
    checkEnd(description);
    return { shape: "step", from, every, factor, to };
  },
  at({ from, every, factor, to }, t) {
    const start = closed("step", from);
    const value = start === 0 ? 0 : start * factor ** Math.floor(t / every);
    if (to === undefined) return value;
    return factor > 1 ? Math.min(to, value) : Math.max(to, value);
  },
  steps: stepsTo,
  bound: ({ from = 0, factor, to = 0 }) => (factor > 1 ? to : Math.abs(from)),
  ...openFrom,
};

/** A step at which `to` has been reached; Infinity where it never is, or `from` is not known. */
function stepsTo({ from, every, factor, to }: StepDescription): number {
  if (factor === 1 || from === 0) return 0;
  if (factor === 0) return every;
  if (from === undefined || to === undefined || to === 0) return Infinity;
  if (from === to) return 0;
  // One more than the logarithms say: they are rounded.
  const steps = every * (Math.ceil((Math.log(to) - Math.log(from)) / Math.log(factor)) + 1);
  return steps <= maxSteps ? steps : Infinity;
}

function checkEnd({ from, factor, to }: StepDescription): void {
  if (factor > 1 && to === undefined) throw new UsageError(`step: a factor above 1 grows past every number, got ${factor}; give to`);
  if (from === undefined || to === undefined) return;
  if (factor > 1 ? !(from > 0 && from <= to) : from < to) {
    throw new UsageError(`step: to must lie where the value goes, got from ${from}, to ${to} and a value that ${factor > 1 ? "grows" : "falls"}`);
  }
}
