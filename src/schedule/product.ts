import { UsageError } from "../errors.js";
import { checkOptions } from "../options.js";
import type { Description } from "./description.js";
import type { Family, Walk } from "./family.js";

/** factors[0](t) * factors[1](t) * ... A product in a product is merged into it. */
export interface ProductDescription {
  readonly shape: "product";
  readonly factors: readonly Description[];
}

export const productFamily: Family<ProductDescription, Description> = {
  shape: "product",
  normal(description, walk) {
    checkOptions("times", description, ["shape", "factors"]);
    if (!Array.isArray(description.factors) || description.factors.length === 0) throw new UsageError("times: a product needs factors, got none; give a list of schedules");
    const factors = description.factors
      .map((factor: unknown) => walk.normal("times", factor))
      .flatMap((factor) => (factor.shape === "product" ? factor.factors : [factor]));
    const open = factors.filter((factor) => walk.needsStart(factor));
    if (open.length > 1) throw new UsageError(`times: at most one factor may leave from open, got ${open.map(({ shape }) => shape).join(" and ")}; give from to all others`);
    return { shape: "product", factors };
  },
  at: ({ factors }, t, walk) => factors.reduce((product, factor) => product * walk.at(factor, t), 1),
  steps: ({ factors }, walk) => factors.reduce((last, factor) => Math.max(last, walk.steps(factor)), 0),
  // In the order of `at`: an infinite product on the way stays infinite, or turns to NaN, and is refused.
  bound({ factors }, walk) {
    let product = 1;
    for (const factor of factors) {
      const bound = walk.bound(factor);
      if (bound === undefined) return undefined;
      product *= bound;
    }
    return product;
  },
  nested: ({ factors }) => factors,
  needsStart: ({ factors }, walk) => factors.some((factor) => walk.needsStart(factor)),
  startingFrom({ factors }, value, walk) {
    const others = factors.filter((factor) => !walk.needsStart(factor)).reduce((product, factor) => product * walk.at(factor, 0), 1);
    return { shape: "product", factors: factors.map((factor) => (walk.needsStart(factor) ? closeFactor(factor, value, others, walk) : factor)) };
  },
};

function closeFactor(factor: Description, value: number, others: number, walk: Walk<Description>): Description {
  if (others === 0) throw new UsageError(`times: no from makes the product start at ${value}, got other factors of 0 at its first step; give from to the ${factor.shape} factor`);
  return walk.startingFrom(factor, value / others);
}
