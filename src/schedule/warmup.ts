import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { checkChoice, checkSteps } from "./checks.js";
import { cosineMix, exponentialMix, mix } from "./curves.js";
import type { Family } from "./family.js";
import { checkOscillation, swing, type Oscillation } from "./oscillation.js";

/**
 * What the first step gets. With W = steps and t counted from 0, the ramp's progress is
 * huggingface t / W (the first step has the rate `from`) · llmc (t + 1) / W · nanogpt (t + 1) / (W + 1) ·
 * pytorch t / W with `from` at a third of `to`, as LinearLR's default start_factor.
 */
export type WarmupConvention = "huggingface" | "llmc" | "nanogpt" | "pytorch";

/** The steps of the ramp that lie behind, and all that it has. */
const conventions: Readonly<Record<WarmupConvention, (t: number, steps: number) => readonly [number, number]>> = {
  huggingface: (t, steps) => [t, steps],
  llmc: (t, steps) => [Math.min(t + 1, steps), steps],
  nanogpt: (t, steps) => [t + 1, steps + 1],
  pytorch: (t, steps) => [t, steps],
};

/** The ramp's form: straight, flat with a jump at the end, geometric, or half a period of cosine. */
export type WarmupCurve = "linear" | "constant" | "exponential" | "cosine";

const curves: Readonly<Record<WarmupCurve, (from: number, to: number, done: number, all: number) => number>> = {
  linear: (from, to, done, all) => mix(from, to, done / all, (all - done) / all),
  constant: (from) => from,
  exponential: (from, to, done, all) => exponentialMix(from, to, done / all),
  cosine: (from, to, done, all) => cosineMix(from, to, done / all),
};

/** The curve from `from` to `to` for t < steps, then `to`. */
export interface WarmupDescription {
  readonly shape: "warmup";
  readonly steps: number;
  readonly to: number;
  /** 0 by default; a third of `to` under the pytorch convention. */
  readonly from?: number | undefined;
  readonly convention?: WarmupConvention | undefined;
  readonly curve?: WarmupCurve | undefined;
  /** The ramp times 1 + amplitude * sin(2 pi t / period). */
  readonly oscillation?: Oscillation | undefined;
}

export const warmupFamily: Family<WarmupDescription, unknown> = {
  shape: "warmup",
  normal(description) {
    checkOptions("warmup", description, ["shape", "steps", "to", "from", "convention", "curve", "oscillation"]);
    const { steps, to, oscillation } = description;
    const convention = checkChoice("warmup", "convention", description.convention ?? "huggingface", conventions);
    const curve = checkChoice("warmup", "curve", description.curve ?? "linear", curves);
    checkSteps("warmup", "steps", steps);
    checkNumber("warmup", "to", to, curve === "exponential" ? { above: 0 } : {});
    if (curve === "constant" && description.from === undefined && convention !== "pytorch") {
      throw new UsageError("warmup: the constant curve needs from, got none; give the rate to hold before the jump");
    }
    const from = checkNumber("warmup", "from", description.from ?? (convention === "pytorch" ? to / 3 : 0), curve === "exponential" ? { above: 0 } : {});
    return { shape: "warmup", steps, to, from, convention, curve, oscillation: oscillation === undefined ? undefined : checkOscillation("warmup", oscillation) };
  },
  at({ steps, to, from = 0, convention = "huggingface", curve = "linear", oscillation }, t) {
    if (t >= steps) return to;
    const value = curves[curve](from, to, ...conventions[convention](t, steps));
    return oscillation ? value * swing(oscillation, t) : value;
  },
  steps: ({ steps }) => steps,
  bound: ({ to, from = 0, oscillation }) => Math.max(Math.abs(from), Math.abs(to)) * (1 + (oscillation?.amplitude ?? 0)),
};
