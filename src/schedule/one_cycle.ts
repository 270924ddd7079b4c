import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { checkChoice, checkSteps, printed } from "./checks.js";
import { cosineMix, mix } from "./curves.js";
import type { Family } from "./family.js";

/** Half a period of cosine, or a straight line. */
export type OneCycleCurve = "cosine" | "linear";

const curves: Readonly<Record<OneCycleCurve, (from: number, to: number, progress: number) => number>> = {
  cosine: cosineMix,
  linear: (from, to, progress) => mix(from, to, progress),
};

/**
 * Up from `from` to `to` over the share `rise` of the steps, then down to `end` at the last one. In three phases, down to
 * `from` over as many steps as up, then to `end`.
 */
export interface OneCycleDescription {
  readonly shape: "oneCycle";
  readonly to: number;
  /** to / 25 by default. */
  readonly from?: number | undefined;
  /** from / 10,000 by default. */
  readonly end?: number | undefined;
  readonly steps: number;
  /** 0.3 by default. */
  readonly rise?: number | undefined;
  readonly curve?: OneCycleCurve | undefined;
  readonly threePhase?: boolean | undefined;
}

export const oneCycleFamily: Family<OneCycleDescription, unknown> = {
  shape: "oneCycle",
  normal(description) {
    checkOptions("oneCycle", description, ["shape", "to", "from", "end", "steps", "rise", "curve", "threePhase"]);
    const { to, steps, rise = 0.3, threePhase = false } = description;
    checkNumber("oneCycle", "to", to);
    checkSteps("oneCycle", "steps", steps, 1);
    checkNumber("oneCycle", "rise", rise, { min: 0, max: 1 });
    const curve = checkChoice("oneCycle", "curve", description.curve ?? "cosine", curves);
    if (typeof threePhase !== "boolean") throw new UsageError(`oneCycle: threePhase must be true or false, got ${printed(threePhase)}`);
    const from = checkNumber("oneCycle", "from", description.from ?? to / 25);
    const end = checkNumber("oneCycle", "end", description.end ?? from / 1e4);
    return { shape: "oneCycle", to, from, end, steps, rise, curve, threePhase };
  },
  at(description, t) {
    const { curve = "cosine", steps } = description;
    const step = Math.min(t, steps - 1);
    const all = phases(description);
    let i = 0;
    while (i < all.length - 1 && step > all[i]!.last) i++;
    const start = i === 0 ? 0 : all[i - 1]!.last;
    const { from, to, last } = all[i]!;
    return curves[curve](from, to, last > start ? (step - start) / (last - start) : 1);
  },
  steps: ({ steps }) => steps,
  bound: ({ to, from = 0, end = 0 }) => Math.max(Math.abs(to), Math.abs(from), Math.abs(end)),
};

/** The step at which a phase arrives need not be whole, nor lie after the one before it: then the phase is left out. */
function phases({ to, from = 0, end = 0, steps, rise = 0.3, threePhase = false }: OneCycleDescription): { from: number; to: number; last: number }[] {
  const up = { from, to, last: rise * steps - 1 };
  if (!threePhase) return [up, { from: to, to: end, last: steps - 1 }];
  return [up, { from: to, to: from, last: 2 * rise * steps - 2 }, { from, to: end, last: steps - 1 }];
}
