// Choosing among settings by what several seeds gave.
import { median } from "./statistics.js";

/** NaN where one seed's run was lost: a setting that loses runs is not a good one. */
export const soundMedian = (values: readonly number[]): number => (values.every(Number.isFinite) ? median(values) : NaN);

/** The setting with the lowest sound median; the first where each of them lost a run. */
export function lowestOf<T>(settings: readonly T[], valuesAt: (setting: T) => readonly number[]): T {
  const medianAt = (setting: T) => {
    const value = soundMedian(valuesAt(setting));
    return Number.isNaN(value) ? Infinity : value;
  };
  return settings.reduce((best, setting) => (medianAt(setting) < medianAt(best) ? setting : best));
}

/** As a table and a chart keep what was lost. */
export const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
