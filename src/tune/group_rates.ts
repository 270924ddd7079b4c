// How the groups' learning rates stand to each other, so that a tool can move them all with one number.
import type { Scheduled } from "../optim/index.js";
import { asSchedule } from "../schedule/index.js";

const samples = 256;
/** How far a schedule that never ends is looked at. */
const horizon = 10_000;

export interface GroupRates {
  /** The rate of the first group that has one; 0 where none has. */
  leading: number;
  /** Each group's rate over it; 1 for every group where none has a rate. */
  ratios: number[];
}

/**
 * Each group's rate at `step` over that of the first group whose rate is not 0. Where a group is at 0 there (before
 * its warmup), the highest rates of the schedules stand for the rates.
 *
 * Throws: what a schedule throws.
 */
export function groupRates(lrs: readonly Scheduled[], step: number): GroupRates {
  let rates = lrs.map((lr) => asSchedule(lr).at(step));
  if (rates.includes(0)) rates = lrs.map((lr) => peakOf(lr, step));
  const leading = rates.find((rate) => rate > 0) ?? 0;
  return { leading, ratios: rates.map((rate) => (leading === 0 ? 1 : rate / leading)) };
}

function peakOf(lr: Scheduled, step: number): number {
  const schedule = asSchedule(lr);
  const end = Math.max(step + 1, Math.min(schedule.steps, step + horizon));
  let peak = 0;
  for (let i = 0; i <= samples; i++) peak = Math.max(peak, schedule.at(Math.round(step + ((end - step) * i) / samples)));
  return peak;
}
