import { checkNumber, checkOptions } from "../options.js";
import type { Description } from "./description.js";
import type { Family } from "./family.js";

/** by * of(t). */
export interface ScaleDescription {
  readonly shape: "scale";
  readonly of: Description;
  readonly by: number;
}

export const scaleFamily: Family<ScaleDescription, Description> = {
  shape: "scale",
  normal(description, walk) {
    checkOptions("scale", description, ["shape", "of", "by"]);
    const by = checkNumber("scale", "the factor", description.by);
    return { shape: "scale", of: walk.normal("scale", description.of), by };
  },
  at: ({ of, by }, t, walk) => by * walk.at(of, t),
  steps: ({ of }, walk) => walk.steps(of),
  bound({ of, by }, walk) {
    const bound = walk.bound(of);
    return bound === undefined ? undefined : Math.abs(by) * bound;
  },
  nested: ({ of }) => [of],
  needsStart: ({ of }, walk) => walk.needsStart(of),
  // Scaled by 0 it starts at 0, whatever `from` is.
  startingFrom: ({ of, by }, value, walk) => ({ shape: "scale", of: walk.startingFrom(of, by === 0 ? value : value / by), by }),
};
