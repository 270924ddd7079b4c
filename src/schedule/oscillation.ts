import { checkNumber, checkOptions } from "../options.js";
import { checkSteps } from "./checks.js";
import type { Family } from "./family.js";

/** How far a value swings, as a share of itself, and how many steps a swing up and down takes. */
export interface Oscillation {
  readonly amplitude: number;
  readonly period: number;
}

/** 1 + amplitude * sin(2 pi t / period) for t < steps, then 1: a factor for another schedule. */
export interface OscillationDescription extends Oscillation {
  readonly shape: "oscillation";
  /** Absent: for ever. */
  readonly steps?: number | undefined;
}

export const oscillationFamily: Family<OscillationDescription, unknown> = {
  shape: "oscillation",
  normal(description) {
    checkOptions("oscillation", description, ["shape", "amplitude", "period", "steps"]);
    const { amplitude, period, steps } = description;
    return { shape: "oscillation", ...checkOscillation("oscillation", { amplitude, period }), steps: steps === undefined ? undefined : checkSteps("oscillation", "steps", steps) };
  },
  at: ({ steps = Infinity, ...oscillation }, t) => (t >= steps ? 1 : swing(oscillation, t)),
  steps: ({ steps }) => steps ?? Infinity,
  bound: ({ amplitude }) => 1 + amplitude,
};

/** An amplitude of at most 1 keeps a rate from turning negative. */
export function checkOscillation(where: string, oscillation: Oscillation): Oscillation {
  checkOptions(`${where}: oscillation`, oscillation, ["amplitude", "period"]);
  return {
    amplitude: checkNumber(where, "the oscillation's amplitude", oscillation.amplitude, { min: 0, max: 1 }),
    period: checkNumber(where, "the oscillation's period", oscillation.period, { above: 0 }),
  };
}

/** The remainder first, which is exact: the sine of a large angle is not. */
export function swing({ amplitude, period }: Oscillation, t: number): number {
  return 1 + amplitude * Math.sin(2 * Math.PI * ((t % period) / period));
}
