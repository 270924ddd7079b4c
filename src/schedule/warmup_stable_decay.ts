import { checkNumber, checkOptions } from "../options.js";
import { checkChoice, checkSteps } from "./checks.js";
import { cosineMix, mix } from "./curves.js";
import type { Family } from "./family.js";
import { warmupFamily, type WarmupConvention, type WarmupCurve, type WarmupDescription } from "./warmup.js";

/** The last part's form: straight, half a period of cosine, or 1 - sqrt(progress). */
export type DecayCurve = "linear" | "cosine" | "1-sqrt";

const curves: Readonly<Record<DecayCurve, (from: number, to: number, done: number, all: number) => number>> = {
  linear: (from, to, done, all) => mix(from, to, done / all, (all - done) / all),
  cosine: (from, to, done, all) => cosineMix(from, to, done / all),
  "1-sqrt": (from, to, done, all) => mix(from, to, Math.sqrt(done / all)),
};

/** A ramp from `from` to `to` over `warmup` steps, `to` for `stable` steps, a fall to `end` over `decay` steps, then `end`. */
export interface WarmupStableDecayDescription {
  readonly shape: "warmupStableDecay";
  /** Steps of each part. */
  readonly warmup: number;
  readonly stable: number;
  readonly decay: number;
  readonly to: number;
  /** 0 by default; a third of `to` under the pytorch convention. */
  readonly from?: number | undefined;
  /** 0 by default. */
  readonly end?: number | undefined;
  readonly convention?: WarmupConvention | undefined;
  readonly warmupCurve?: WarmupCurve | undefined;
  readonly decayCurve?: DecayCurve | undefined;
}

export const warmupStableDecayFamily: Family<WarmupStableDecayDescription, unknown> = {
  shape: "warmupStableDecay",
  normal(description, walk) {
    checkOptions("warmupStableDecay", description, ["shape", "warmup", "stable", "decay", "to", "from", "end", "convention", "warmupCurve", "decayCurve"]);
    const { warmup, stable, decay, end = 0 } = description;
    checkSteps("warmupStableDecay", "warmup", warmup);
    checkSteps("warmupStableDecay", "stable", stable);
    checkSteps("warmupStableDecay", "decay", decay);
    checkSteps("warmupStableDecay", "warmup + stable + decay", warmup + stable + decay);
    checkNumber("warmupStableDecay", "end", end);
    const decayCurve = checkChoice("warmupStableDecay", "decayCurve", description.decayCurve ?? "linear", curves);
    const { to, from, convention, curve } = warmupFamily.normal(ramp(description), walk);
    return { shape: "warmupStableDecay", warmup, stable, decay, to, from, end, convention, warmupCurve: curve, decayCurve };
  },
  at(description, t, walk) {
    const { warmup, stable, decay, to, end = 0, decayCurve = "linear" } = description;
    if (t < warmup) return warmupFamily.at(ramp(description), t, walk);
    const done = t - warmup - stable;
    if (done < 0) return to;
    return done >= decay ? end : curves[decayCurve](to, end, done, decay);
  },
  steps: ({ warmup, stable, decay }) => warmup + stable + decay,
  bound: ({ to, from = 0, end = 0 }) => Math.max(Math.abs(to), Math.abs(from), Math.abs(end)),
};

function ramp({ warmup, to, from, convention, warmupCurve }: WarmupStableDecayDescription): WarmupDescription {
  return { shape: "warmup", steps: warmup, to, from, convention, curve: warmupCurve };
}
