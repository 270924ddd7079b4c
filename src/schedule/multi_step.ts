import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { checkOptional, checkSteps, closed, openFrom } from "./checks.js";
import type { Family } from "./family.js";

/** from * factor^n, where n milestones are at or before step t. */
export interface MultiStepDescription {
  readonly shape: "multiStep";
  /** Absent: where the schedule before it ended. */
  readonly from?: number | undefined;
  /** In increasing order. One that is there twice counts twice. */
  readonly milestones: readonly number[];
  readonly factor: number;
}

export const multiStepFamily: Family<MultiStepDescription, unknown> = {
  shape: "multiStep",
  normal(description) {
    checkOptions("multiStep", description, ["shape", "from", "milestones", "factor"]);
    const { from, milestones, factor } = description;
    checkOptional("multiStep", "from", from);
    checkNumber("multiStep", "factor", factor, { min: 0 });
    return { shape: "multiStep", from, milestones: checkMilestones("multiStep", milestones), factor };
  },
  at({ from, milestones, factor }, t) {
    const start = closed("multiStep", from);
    return start === 0 ? 0 : start * factor ** passed(milestones, t);
  },
  steps: ({ milestones }) => milestones.at(-1) ?? 0,
  bound({ from = 0, milestones, factor }) {
    return from === 0 ? 0 : Math.abs(from) * Math.max(1, factor ** milestones.length);
  },
  ...openFrom,
};

/** Whole steps >= `min` that do not fall. */
export function checkMilestones(where: string, milestones: unknown, min = 0): number[] {
  if (!Array.isArray(milestones)) throw new UsageError(`${where}: milestones must be a list of steps, got ${milestones === undefined ? "none" : typeof milestones}`);
  let last = min;
  return milestones.map((milestone: unknown, i) => {
    const step = checkSteps(where, `milestone ${i}`, milestone, min);
    if (step < last) throw new UsageError(`${where}: milestones must be in increasing order, got ${step} after ${last}`);
    return (last = step);
  });
}

/** How many milestones are at or before step t. */
function passed(milestones: readonly number[], t: number): number {
  let [low, high] = [0, milestones.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (milestones[middle]! <= t) low = middle + 1;
    else high = middle;
  }
  return low;
}
