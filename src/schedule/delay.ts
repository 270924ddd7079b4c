import { checkNumber, checkOptions } from "../options.js";
import { checkSteps } from "./checks.js";
import type { Description } from "./description.js";
import type { Family } from "./family.js";

/** value (by default of(0)) for t < steps, then of(t - steps). */
export interface DelayDescription {
  readonly shape: "delay";
  readonly of: Description;
  readonly steps: number;
  /** Absent: the first value of what is delayed. */
  readonly value?: number | undefined;
}

export const delayFamily: Family<DelayDescription, Description> = {
  shape: "delay",
  normal(description, walk) {
    checkOptions("delay", description, ["shape", "of", "steps", "value"]);
    const { of, steps, value } = description;
    checkSteps("delay", "steps", steps);
    if (value !== undefined) checkNumber("delay", "value", value);
    return { shape: "delay", of: walk.normal("delay", of), steps, value };
  },
  at: ({ of, steps, value }, t, walk) => (t < steps ? (value ?? walk.at(of, 0)) : walk.at(of, t - steps)),
  steps: ({ of, steps }, walk) => steps + walk.steps(of),
  bound({ of, value = 0 }, walk) {
    const bound = walk.bound(of);
    return bound === undefined ? undefined : Math.max(Math.abs(value), bound);
  },
  nested: ({ of }) => [of],
  needsStart: ({ of }, walk) => walk.needsStart(of),
  // A value held meanwhile is a pause: what is delayed still starts where the schedule before the pause ended.
  startingFrom: (description, value, walk) => ({ ...description, of: walk.startingFrom(description.of, value) }),
};
