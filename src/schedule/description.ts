// The catalogue of shapes. A new family is one file beside this one, and one line in each of the two lists.
import { UsageError } from "../errors.js";
import { constantFamily, type ConstantDescription } from "./constant.js";
import { cosineFamily, type CosineDescription } from "./cosine.js";
import type { Family, Walk } from "./family.js";
import { linearFamily, type LinearDescription } from "./linear.js";
import { sequenceFamily, type SequenceDescription } from "./sequence.js";
import { warmupFamily, type WarmupDescription } from "./warmup.js";

/** A schedule as plain data: what a checkpoint stores. */
export type Description = ConstantDescription | WarmupDescription | LinearDescription | CosineDescription | SequenceDescription;

const families = new Map(
  [constantFamily, warmupFamily, linearFamily, cosineFamily, sequenceFamily].map((family) => [family.shape, family as unknown as Family<Description, Description>]),
);

function familyOf(description: Description): Family<Description, Description> {
  return families.get(description.shape)!;
}

/** The pure functions over any description. */
export const walk: Walk<Description> = {
  normal(where, description) {
    const shape = (description as Partial<Description> | null | undefined)?.shape;
    const family = families.get(shape as Description["shape"]);
    if (!family) throw new UsageError(`${where}: unknown shape, got ${JSON.stringify(shape) ?? "none"}; known shapes: ${[...families.keys()].join(", ")}`);
    return family.normal(description as Description, walk);
  },
  at: (description, t) => familyOf(description).at(description, t, walk),
  steps: (description) => familyOf(description).steps(description, walk),
  needsStart: (description) => familyOf(description).needsStart?.(description, walk) ?? false,
  startingFrom: (description, value) => familyOf(description).startingFrom?.(description, value, walk) ?? description,
};
