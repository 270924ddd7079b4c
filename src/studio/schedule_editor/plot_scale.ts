// Between steps and rates and places on the plot.
import type { Schedule } from "../../schedule/index.js";

export interface PlotScale {
  width: number;
  height: number;
  /** Of the highest rate shown. */
  top: number;
  /** Of the lowest one: 0, or what a log axis begins with. */
  bottom: number;
  steps: number;
  log: boolean;
}

export function xOf({ width, steps }: PlotScale, t: number): number {
  return (t / steps) * width;
}

export function stepAt({ width, steps }: PlotScale, x: number): number {
  return (x / width) * steps;
}

export function yOf(scale: PlotScale, rate: number): number {
  return (1 - heightOf(scale, rate)) * scale.height;
}

/** How far up a rate is, from 0 to 1; a log axis has what is below its end on its end. */
export function heightOf({ top, bottom, log }: PlotScale, rate: number): number {
  if (!log) return (rate - bottom) / (top - bottom);
  return Math.log(Math.max(rate, bottom) / bottom) / Math.log(top / bottom);
}

export function rateAt({ height, top, bottom, log }: PlotScale, y: number): number {
  const share = 1 - y / height;
  return log ? bottom * (top / bottom) ** share : bottom + share * (top - bottom);
}

/** Decades that a log axis shows below the peak, at most. */
const decades = 5;

/** What holds all of these rates, with some room to drag the peak higher. */
export function rangeOf(rates: readonly number[], log: boolean): { top: number; bottom: number } {
  const highest = Math.max(...rates.filter(Number.isFinite), 0);
  const top = (highest || 1e-3) * (log ? 2 : 1.15);
  if (!log) return { top, bottom: 0 };
  const lowest = Math.min(...rates.filter((rate) => rate > 0 && Number.isFinite(rate)), top);
  return { top, bottom: Math.max(lowest / 1.5, top / 10 ** decades) };
}

/** The curve in about two points a pixel, with the steps where a part begins: jumps stay upright. */
export function samplesOf(schedule: Schedule, scale: Pick<PlotScale, "width" | "steps">, starts: readonly number[]): [number, number][] {
  const places = new Set<number>();
  const count = Math.min(scale.steps, Math.round(2 * scale.width));
  for (let i = 0; i <= count; i++) places.add(Math.round((scale.steps * i) / count));
  for (const start of starts) for (const t of [start - 1, start]) if (t >= 0 && t <= scale.steps) places.add(t);
  return [...places].sort((a, b) => a - b).map((t) => [t, rateOf(schedule, t)]);
}

/** NaN where a schedule leaves the finite numbers. */
function rateOf(schedule: Schedule, t: number): number {
  try {
    return schedule.at(t);
  } catch {
    return NaN;
  }
}
