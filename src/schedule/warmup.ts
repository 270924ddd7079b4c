import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import type { Family } from "./family.js";

/**
 * What the first step gets. With W = steps and t counted from 0, the ramp's progress is
 * huggingface t / W (the first step has the rate `from`) · llmc (t + 1) / W · nanogpt (t + 1) / (W + 1) ·
 * pytorch t / W with `from` at a third of `to`, as LinearLR's default start_factor.
 */
export type WarmupConvention = "huggingface" | "llmc" | "nanogpt" | "pytorch";

const conventions: Record<WarmupConvention, (t: number, steps: number) => number> = {
  huggingface: (t, steps) => t / steps,
  llmc: (t, steps) => (t + 1) / steps,
  nanogpt: (t, steps) => (t + 1) / (steps + 1),
  pytorch: (t, steps) => t / steps,
};

/** from + (to - from) * progress for t < steps, then `to`. */
export interface WarmupDescription {
  readonly shape: "warmup";
  readonly steps: number;
  readonly to: number;
  /** 0 by default; a third of `to` under the pytorch convention. */
  readonly from?: number;
  readonly convention?: WarmupConvention;
}

export const warmupFamily: Family<WarmupDescription, unknown> = {
  shape: "warmup",
  normal(description) {
    checkOptions("warmup", description, ["shape", "steps", "to", "from", "convention"]);
    const { steps, to, convention = "huggingface" } = description;
    if (!Object.hasOwn(conventions, convention)) {
      throw new UsageError(`warmup: unknown convention, got "${convention}"; use ${Object.keys(conventions).join(", ")}`);
    }
    checkNumber("warmup", "steps", steps, { min: 0, integer: true });
    checkNumber("warmup", "to", to);
    const from = checkNumber("warmup", "from", description.from ?? (convention === "pytorch" ? to / 3 : 0));
    return { shape: "warmup", steps, to, from, convention };
  },
  at({ steps, to, from = 0, convention = "huggingface" }, t) {
    if (t >= steps) return to;
    return from + (to - from) * Math.min(1, conventions[convention](t, steps));
  },
  steps: ({ steps }) => steps,
};
