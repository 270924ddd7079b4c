import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { checkChoice, checkSteps } from "./checks.js";
import { cosineMix, exponentialMix, mix } from "./curves.js";
import type { Family } from "./family.js";

/** Between two points: the first one's value, a straight line, half a period of cosine, or a geometric line. */
export type Interpolation = "step" | "linear" | "cosine" | "exponential";

const interpolations: Readonly<Record<Interpolation, (from: number, to: number, done: number, all: number) => number>> = {
  step: (from) => from,
  linear: (from, to, done, all) => mix(from, to, done / all, (all - done) / all),
  cosine: (from, to, done, all) => cosineMix(from, to, done / all),
  exponential: (from, to, done, all) => exponentialMix(from, to, done / all),
};

/** A table of [step, value]: its values there, interpolated between, the first value before and the last one after. */
export interface PiecewiseDescription {
  readonly shape: "piecewise";
  readonly points: readonly (readonly [number, number])[];
  /** "linear" by default. */
  readonly interpolation?: Interpolation | undefined;
}

export const piecewiseFamily: Family<PiecewiseDescription, unknown> = {
  shape: "piecewise",
  normal(description) {
    checkOptions("piecewise", description, ["shape", "points", "interpolation"]);
    const interpolation = checkChoice("piecewise", "interpolation", description.interpolation ?? "linear", interpolations);
    return { shape: "piecewise", points: checkPoints(description.points, interpolation), interpolation };
  },
  at({ points, interpolation = "linear" }, t) {
    const i = lastBefore(points, t);
    const [from, to] = [points[Math.max(0, i)]!, points[i + 1]];
    if (i < 0 || to === undefined) return from[1];
    return interpolations[interpolation](from[1], to[1], t - from[0], to[0] - from[0]);
  },
  steps: ({ points }) => points.at(-1)![0],
  bound: ({ points }) => points.reduce((largest, [, value]) => Math.max(largest, Math.abs(value)), 0),
};

function checkPoints(points: unknown, interpolation: Interpolation): [number, number][] {
  if (!Array.isArray(points) || points.length === 0) throw new UsageError("piecewise: needs points, got none; give a list of [step, value]");
  let last = -1;
  return points.map((point: unknown, i) => {
    if (!Array.isArray(point) || point.length !== 2) throw new UsageError(`piecewise: point ${i} must be [step, value], got ${Array.isArray(point) ? `${point.length} entries` : typeof point}`);
    const step = checkSteps("piecewise", `the step of point ${i}`, point[0]);
    if (step <= last) throw new UsageError(`piecewise: steps must increase, got ${step} after ${last} at point ${i}`);
    last = step;
    return [step, checkNumber("piecewise", `the value of point ${i}`, point[1], interpolation === "exponential" ? { above: 0 } : {})];
  });
}

/** The last point at or before step t; -1 where there is none. */
function lastBefore(points: PiecewiseDescription["points"], t: number): number {
  let [low, high] = [-1, points.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (points[middle]![0] <= t) low = middle;
    else high = middle - 1;
  }
  return low;
}
