import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import type { Description } from "./description.js";
import type { Family } from "./family.js";

/** first(t) for t < at, then next(t - at). */
export interface SequenceDescription {
  readonly shape: "sequence";
  readonly first: Description;
  readonly next: Description;
  /** By default where `first` ends. */
  readonly at?: number;
}

export const sequenceFamily: Family<SequenceDescription, Description> = {
  shape: "sequence",
  normal(description, walk) {
    checkOptions("then", description, ["shape", "first", "next", "at"]);
    const first = walk.normal("then", description.first);
    const at = description.at ?? walk.steps(first);
    if (at === Infinity) {
      throw new UsageError(`then: the ${first.shape} schedule before it never ends, got no step to switch at; give it steps, or then(next, { at })`);
    }
    checkNumber("then", "at", at, { min: 0, integer: true });
    const next = walk.normal("then", description.next);
    // An open first part is closed by a schedule before it, and closes `next` then.
    if (walk.needsStart(first) || !walk.needsStart(next)) return { shape: "sequence", first, next, at };
    return { shape: "sequence", first, next: walk.startingFrom(next, walk.at(first, at)), at };
  },
  at: ({ first, next, at = 0 }, t, walk) => (t < at ? walk.at(first, t) : walk.at(next, t - at)),
  steps: ({ next, at = 0 }, walk) => at + walk.steps(next),
  needsStart: ({ first }, walk) => walk.needsStart(first),
  startingFrom: (description, value, walk) =>
    walk.normal("then", { ...description, first: walk.startingFrom(description.first, value) }) as SequenceDescription,
};
