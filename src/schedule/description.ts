// The catalogue of shapes, and the pure functions over a schedule of any of them.
// A new family is one file beside this one, and one line in each of the two lists.
import { UsageError } from "../errors.js";
import { printed } from "./checks.js";
import type { Family, Walk } from "./family.js";
import { clampFamily, type ClampDescription } from "./clamp.js";
import { constantFamily, type ConstantDescription } from "./constant.js";
import { cosineFamily, type CosineDescription } from "./cosine.js";
import { cosineRestartsFamily, type CosineRestartsDescription } from "./cosine_restarts.js";
import { cosineWaveFamily, type CosineWaveDescription } from "./cosine_wave.js";
import { cyclicFamily, type CyclicDescription } from "./cyclic.js";
import { delayFamily, type DelayDescription } from "./delay.js";
import { exponentialFamily, type ExponentialDescription } from "./exponential.js";
import { inverseSqrtFamily, type InverseSqrtDescription } from "./inverse_sqrt.js";
import { inverseTimeFamily, type InverseTimeDescription } from "./inverse_time.js";
import { lambdaFamily, type LambdaDescription } from "./lambda.js";
import { linearFamily, type LinearDescription } from "./linear.js";
import { multiStepFamily, type MultiStepDescription } from "./multi_step.js";
import { noamFamily, type NoamDescription } from "./noam.js";
import { oneCycleFamily, type OneCycleDescription } from "./one_cycle.js";
import { oscillationFamily, type OscillationDescription } from "./oscillation.js";
import { piecewiseFamily, type PiecewiseDescription } from "./piecewise.js";
import { polynomialFamily, type PolynomialDescription } from "./polynomial.js";
import { powerLawFamily, type PowerLawDescription } from "./power_law.js";
import { productFamily, type ProductDescription } from "./product.js";
import { scaleFamily, type ScaleDescription } from "./scale.js";
import { sequenceFamily, type SequenceDescription } from "./sequence.js";
import { stepFamily, type StepDescription } from "./step.js";
import { warmRestartsFamily, type WarmRestartsDescription } from "./warm_restarts.js";
import { warmupFamily, type WarmupDescription } from "./warmup.js";
import { warmupStableDecayFamily, type WarmupStableDecayDescription } from "./warmup_stable_decay.js";

/** A schedule as plain data: what a checkpoint stores. */
export type Description =
  | ClampDescription
  | ConstantDescription
  | CosineDescription
  | CosineRestartsDescription
  | CosineWaveDescription
  | CyclicDescription
  | DelayDescription
  | ExponentialDescription
  | InverseSqrtDescription
  | InverseTimeDescription
  | LambdaDescription
  | LinearDescription
  | MultiStepDescription
  | NoamDescription
  | OneCycleDescription
  | OscillationDescription
  | PiecewiseDescription
  | PolynomialDescription
  | PowerLawDescription
  | ProductDescription
  | ScaleDescription
  | SequenceDescription
  | StepDescription
  | WarmRestartsDescription
  | WarmupDescription
  | WarmupStableDecayDescription;

type AnyFamily = Family<Description, Description>;

// prettier-ignore
const families = new Map(
  [
    constantFamily,
    warmupFamily,
    noamFamily,
    warmupStableDecayFamily,
    linearFamily,
    cosineFamily,
    polynomialFamily,
    exponentialFamily,
    inverseTimeFamily,
    powerLawFamily,
    inverseSqrtFamily,
    stepFamily,
    multiStepFamily,
    cosineRestartsFamily,
    warmRestartsFamily,
    cosineWaveFamily,
    oneCycleFamily,
    cyclicFamily,
    piecewiseFamily,
    lambdaFamily,
    oscillationFamily,
    sequenceFamily,
    productFamily,
    scaleFamily,
    delayFamily,
    clampFamily,
  ].map((family) => [family.shape as string, family as unknown as AnyFamily]),
);

/** Schedules that hold schedules: deeper than this is a mistake or an attack, and would end in a stack overflow. */
const maxDepth = 256;
const maxNodes = 100_000;
/** Sums and differences of two such values are still finite. */
const maxValue = 1e300;

/** What is known of a normal description without evaluating it. Only these objects are normal, and they are frozen. */
interface Facts {
  readonly family: AnyFamily;
  readonly depth: number;
  readonly nodes: number;
  readonly steps: number;
  readonly bound: number | undefined;
  readonly isOpen: boolean;
}

const facts = new WeakMap<object, Facts>();

/** The pure functions over any description. */
export const walk: Walk<Description> = {
  normal,
  at: (description, t) => factsOf(description).family.at(description, t, walk),
  steps: (description) => factsOf(description).steps,
  bound: (description) => factsOf(description).bound,
  needsStart: (description) => factsOf(description).isOpen,
  startingFrom(description, value) {
    const { family, isOpen } = factsOf(description);
    return isOpen ? normal(description.shape, family.startingFrom!(description, value, walk)) : description;
  },
};

/** True if `test` holds for the description or one nested in it. */
export function some(description: Description, test: (description: Description) => boolean): boolean {
  return test(description) || (factsOf(description).family.nested?.(description) ?? []).some((inner) => some(inner, test));
}

function factsOf(description: Description): Facts {
  return facts.get(description)!;
}

let depth = 0;

function normal(where: string, description: unknown): Description {
  if (typeof description === "object" && description !== null && facts.has(description)) return description as Description;
  const data = plainCopy(where, description);
  const family = families.get(data.shape as string);
  if (!family) {
    throw new UsageError(`${where}: unknown shape, got ${printed(data.shape)}; known shapes: ${[...families.keys()].join(", ")}`);
  }
  checkDepth(where, depth + 1);
  depth++;
  try {
    const made = frozen(family.normal(data as unknown as Description, walk));
    facts.set(made, gatherFacts(family, made));
    return made;
  } finally {
    depth--;
  }
}

function gatherFacts(family: AnyFamily, description: Description): Facts {
  const nested = (family.nested?.(description) ?? []).map(factsOf);
  const isOpen = family.needsStart?.(description, walk) ?? false;
  const all = {
    family,
    isOpen,
    depth: 1 + nested.reduce((deepest, inner) => Math.max(deepest, inner.depth), 0),
    nodes: 1 + nested.reduce((sum, inner) => sum + inner.nodes, 0),
    steps: family.steps(description, walk),
    bound: family.bound?.(description, walk),
  };
  checkDepth(family.shape, all.depth);
  if (all.nodes > maxNodes) throw new UsageError(`${family.shape}: a schedule has at most ${maxNodes} parts, got ${all.nodes}; use piecewise for a table of values`);
  if (all.bound !== undefined && !(all.bound <= maxValue)) {
    throw new UsageError(`${family.shape}: its values must stay within ${maxValue}, got up to ${all.bound}; use smaller numbers, or end it earlier`);
  }
  return all;
}

function checkDepth(where: string, levels: number): void {
  if (levels > maxDepth) {
    throw new UsageError(`${where}: schedules may be nested ${maxDepth} deep, got more; chain with .then(), which does not nest, or use piecewise for a table of values`);
  }
}

/** Own properties only, each read once. */
function plainCopy(where: string, description: unknown): Record<string, unknown> {
  const prototype = typeof description === "object" && description !== null ? (Object.getPrototypeOf(description) as unknown) : undefined;
  const isPlain = prototype === null || (prototype !== undefined && Object.getPrototypeOf(prototype) === null && !Array.isArray(description));
  if (!isPlain) throw new UsageError(`${where}: unknown shape, got ${printed(description)}; needs plain data such as toJSON() gives`);
  return { ...(description as object) };
}

/** A frozen copy as JSON would give it back: no -0, nothing undefined. Nested descriptions are frozen already. */
function frozen<D extends object>(data: D): D {
  const entries = Object.entries(data).filter(([, value]) => value !== undefined);
  return Object.freeze(Object.fromEntries(entries.map(([key, value]) => [key, frozenValue(value)]))) as D;
}

function frozenValue(value: unknown): unknown {
  if (typeof value === "number") return value + 0;
  if (Array.isArray(value)) return Object.freeze(value.map(frozenValue));
  return typeof value === "object" && value !== null && !facts.has(value) ? frozen(value) : value;
}
