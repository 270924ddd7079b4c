// Hyper-parameters that are a number or a schedule of the optimizer's step.
import { UsageError } from "../errors.js";
import { fromJSON, Schedule, type Description } from "../schedule/index.js";

/** A number, or a schedule of the optimizer's step. */
export type Scheduled = number | Schedule;

/** The options of one step: every schedule replaced by its value there. */
export type Resolved<O> = {
  readonly [K in keyof O]: O[K] extends Scheduled ? number : O[K] extends readonly [Scheduled, Scheduled] ? readonly [number, number] : O[K];
};

const mapValues = (value: unknown, change: (schedule: Schedule) => unknown): unknown =>
  Array.isArray(value) ? value.map((entry) => mapValues(entry, change)) : value instanceof Schedule ? change(value) : value;

const mapOptions = <R>(options: object, change: (schedule: Schedule) => unknown): R =>
  Object.fromEntries(Object.entries(options).map(([name, value]) => [name, mapValues(value, change)])) as R;

/** Whether any option follows a schedule. */
export function hasSchedule(options: object): boolean {
  return Object.values(options).some((value) => (Array.isArray(value) ? value : [value]).some((entry) => entry instanceof Schedule));
}

/** The options at step `t`. */
export function resolve<O extends object>(options: O, t: number): Resolved<O> {
  return mapOptions(options, (schedule) => schedule.at(t));
}

/** Throws UsageError for a schedule that has no first value of its own. */
export function checkClosed(where: string, options: object): void {
  for (const [name, value] of Object.entries(options)) {
    for (const entry of Array.isArray(value) ? value : [value]) {
      if (entry instanceof Schedule && entry.isOpen) {
        throw new UsageError(`${where}: ${name} starts where another schedule ended, got none before it; give the schedule a from, or chain it with .then()`);
      }
    }
  }
}

/** A copy whose arrays nobody else holds. */
export function frozenCopy<O extends object>(options: O): O {
  return Object.freeze(Object.fromEntries(Object.entries(options).map(([name, value]) => [name, Array.isArray(value) ? Object.freeze([...value]) : value]))) as O;
}

/** Plain data for a checkpoint. Throws UsageError for a schedule of the user's own function. */
export function toPlain(options: object): Record<string, unknown> {
  return mapOptions(options, (schedule) => schedule.toJSON());
}

/** What `toPlain` gave, or its parsed text, as options again. */
export function fromPlain(plain: Record<string, unknown>): Record<string, unknown> {
  const revive = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(revive);
    return typeof value === "object" && value !== null ? fromJSON(value as Description) : value;
  };
  return Object.fromEntries(Object.entries(plain).map(([name, value]) => [name, revive(value)]));
}
