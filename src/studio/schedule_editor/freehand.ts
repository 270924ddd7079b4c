// A curve drawn by hand, as a table of few points.
import type { Description, Schedule } from "../../schedule/index.js";

export type Point = readonly [step: number, rate: number];

/** A table that a person can still read and drag. */
export const mostPoints = 32;
const samples = 400;

/**
 * The schedule with the stroke in place of what it was there, as at most 32 points. `height` says how far up a rate is
 * drawn, from 0 to 1: points are left out where the eye would not miss them.
 */
export function drawn(before: Schedule | null, stroke: readonly Point[], horizon: number, height: (rate: number) => number): Description {
  const line = ordered(stroke, horizon);
  const [first, last] = [line[0]![0], line[line.length - 1]![0]];
  const kept: Point[] = [];
  if (before) {
    for (let i = 0; i <= samples; i++) {
      const t = Math.round((horizon * i) / samples);
      if ((t < first || t > last) && t !== kept.at(-1)?.[0]) kept.push([t, before.at(t)]);
    }
  }
  const all = [...kept.filter(([t]) => t < first), ...line, ...kept.filter(([t]) => t > last)];
  return { shape: "piecewise", points: fewest(all, height).map(([t, value]) => [t, round(value)] as const) };
}

/** Whole steps, rising; where the hand went back, what was drawn last counts. */
function ordered(stroke: readonly Point[], horizon: number): Point[] {
  const byStep = new Map<number, number>();
  let before: Point | null = null;
  for (const [t, value] of stroke) {
    const at = Math.max(0, Math.min(horizon, Math.round(t)));
    // Between two places of the pointer nothing of an earlier pass is left.
    if (before) for (const old of [...byStep.keys()]) if (old > Math.min(at, before[0]) && old < Math.max(at, before[0])) byStep.delete(old);
    byStep.set(at, Math.max(0, value));
    before = [at, value];
  }
  return [...byStep].sort(([a], [b]) => a - b);
}

/** Ramer, Douglas and Peucker's, with the tolerance that leaves few enough. */
function fewest(points: readonly Point[], height: (rate: number) => number): Point[] {
  let result: Point[] = [...points];
  for (let tolerance = 0.004; tolerance < 1; tolerance *= 1.5) {
    result = simplified(points, height, tolerance);
    if (result.length <= mostPoints) break;
  }
  return result;
}

function simplified(points: readonly Point[], height: (rate: number) => number, tolerance: number): Point[] {
  if (points.length <= 2) return [...points];
  const [first, last] = [points[0]!, points[points.length - 1]!];
  let [worst, at] = [0, 0];
  for (let i = 1; i + 1 < points.length; i++) {
    const share = (points[i]![0] - first[0]) / (last[0] - first[0]);
    const distance = Math.abs(height(points[i]![1]) - (height(first[1]) + share * (height(last[1]) - height(first[1]))));
    if (distance > worst) [worst, at] = [distance, i];
  }
  if (worst <= tolerance) return [first, last];
  return [...simplified(points.slice(0, at + 1), height, tolerance).slice(0, -1), ...simplified(points.slice(at), height, tolerance)];
}

/** Three digits: a hand draws no more. */
function round(value: number): number {
  return Number(value.toPrecision(3));
}
