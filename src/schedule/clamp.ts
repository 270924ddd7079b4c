import { UsageError } from "../errors.js";
import { checkOptions } from "../options.js";
import { checkOptional } from "./checks.js";
import type { Description } from "./description.js";
import type { Family } from "./family.js";

/** of(t), at least min and at most max. */
export interface ClampDescription {
  readonly shape: "clamp";
  readonly of: Description;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

export const clampFamily: Family<ClampDescription, Description> = {
  shape: "clamp",
  normal(description, walk) {
    checkOptions("clamp", description, ["shape", "of", "min", "max"]);
    const { of, min, max } = description;
    checkOptional("clamp", "min", min);
    checkOptional("clamp", "max", max);
    if (min === undefined && max === undefined) throw new UsageError("clamp: needs min, max or both, got none");
    if (min !== undefined && max !== undefined && min > max) throw new UsageError(`clamp: min must not be above max, got ${min} and ${max}`);
    return { shape: "clamp", of: walk.normal("clamp", of), min, max };
  },
  at: (description, t, walk) => clamped(walk.at(description.of, t), description),
  steps: ({ of }, walk) => walk.steps(of),
  bound(description, walk) {
    const { of, min, max } = description;
    const bound = walk.bound(of) ?? Infinity;
    if (bound === Infinity && (min === undefined || max === undefined)) return undefined;
    return Math.max(Math.abs(clamped(-bound, description)), Math.abs(clamped(bound, description)));
  },
  nested: ({ of }) => [of],
  needsStart: ({ of }, walk) => walk.needsStart(of),
  startingFrom: (description, value, walk) => ({ ...description, of: walk.startingFrom(description.of, value) }),
};

function clamped(value: number, { min = -Infinity, max = Infinity }: Pick<ClampDescription, "min" | "max">): number {
  return Math.min(max, Math.max(min, value));
}
