import { UsageError } from "../errors.js";
import { checkOptions } from "../options.js";
import { checkOptional, checkSteps, closed, maxSteps, openFrom } from "./checks.js";
import type { Family } from "./family.js";

/** from * factor^t, or from * 2^(-t / halfLife); not past `to`, and for t > steps as at `steps`. */
export interface ExponentialDescription {
  readonly shape: "exponential";
  /** Absent: where the schedule before it ended. */
  readonly from?: number | undefined;
  /** What one step multiplies by. Either this or halfLife. */
  readonly factor?: number | undefined;
  /** Steps in which the value halves. */
  readonly halfLife?: number | undefined;
  /** A floor of what falls, a ceiling of what grows. */
  readonly to?: number | undefined;
  /** Absent: until `to`, or for ever. */
  readonly steps?: number | undefined;
}

export const exponentialFamily: Family<ExponentialDescription, unknown> = {
  shape: "exponential",
  normal(description) {
    checkOptions("exponential", description, ["shape", "from", "factor", "halfLife", "to", "steps"]);
    const { from, factor, halfLife, to, steps } = description;
    checkOptional("exponential", "from", from);
    checkOptional("exponential", "factor", factor, { above: 0 });
    checkOptional("exponential", "halfLife", halfLife, { above: 0 });
    checkOptional("exponential", "to", to, { min: 0 });
    if (steps !== undefined) checkSteps("exponential", "steps", steps);
    if ((factor === undefined) === (halfLife === undefined)) {
      throw new UsageError(`exponential: needs either factor or halfLife, got ${factor === undefined ? "neither" : "both"}`);
    }
    checkEnd(description);
    return { shape: "exponential", from, factor, halfLife, to, steps };
  },
  at(description, t) {
    const { to, steps = Infinity } = description;
    const from = closed("exponential", description.from);
    const step = Math.min(t, steps);
    if (to !== undefined && step >= stepsTo(description)) return to;
    const value = from === 0 ? 0 : from * power(description, step);
    if (to === undefined) return value;
    return grows(description) ? Math.min(to, value) : Math.max(to, value);
  },
  steps: (description) => Math.min(description.steps ?? Infinity, stepsTo(description)),
  bound(description) {
    const { from = 0, to, steps = 0 } = description;
    if (!grows(description)) return Math.abs(from);
    return to ?? (from === 0 ? 0 : Math.abs(from) * power(description, steps));
  },
  ...openFrom,
};

const grows = ({ factor = 1 }: ExponentialDescription): boolean => factor > 1;

/** The half-life is not turned into a factor: of a long one, nothing but 1 would be left. */
function power({ factor, halfLife }: ExponentialDescription, t: number): number {
  return factor === undefined ? 2 ** (-t / halfLife!) : factor ** t;
}

/** A step at which `to` has been reached; Infinity where it never is, or `from` is not known. */
function stepsTo({ from, factor, halfLife, to }: ExponentialDescription): number {
  if (from === undefined || to === undefined) return Infinity;
  if (from === to) return 0;
  if (to === 0 || factor === 1) return Infinity;
  const rate = factor === undefined ? -Math.LN2 / halfLife! : Math.log(factor);
  // One more than the logarithms say: they are rounded.
  const steps = Math.ceil((Math.log(to) - Math.log(from)) / rate) + 1;
  return steps <= maxSteps ? steps : Infinity;
}

function checkEnd(description: ExponentialDescription): void {
  const { from, factor, to, steps } = description;
  if (grows(description) && to === undefined && steps === undefined) {
    throw new UsageError(`exponential: a factor above 1 grows past every number, got ${factor}; give to or steps`);
  }
  if (from === undefined || to === undefined) return;
  if (grows(description) ? !(from > 0 && from <= to) : from < to) {
    throw new UsageError(`exponential: to must lie where the value goes, got from ${from}, to ${to} and a value that ${grows(description) ? "grows" : "falls"}`);
  }
}
