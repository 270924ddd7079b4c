// What the schedules under PyTorch's names share.
import { checkNumber } from "../options.js";
import type { Schedule } from "./schedule.js";

/** About the largest number that an f32 holds: where a rate that grows without end stops. */
export const ceiling = 1e38;

/** The rate of the parameter group, as the optimizer would have it without a scheduler. */
export function baseRate(where: string, lr: unknown, name = "lr"): number {
  return checkNumber(where, name, lr, { min: 0 });
}

/** The base rates of schedules that only multiply the rate: what ChainedScheduler can chain. */
const multipliers = new WeakMap<Schedule, number>();

/** Marks a schedule as one that PyTorch computes by multiplying the rate as it is, whoever else has changed it. */
export function multiplier(lr: number, schedule: Schedule): Schedule {
  multipliers.set(schedule, lr);
  return schedule;
}

export function baseOf(schedule: Schedule): number | undefined {
  return multipliers.get(schedule);
}
