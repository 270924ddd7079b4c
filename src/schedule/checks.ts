// Checks that the families share.
import { UsageError } from "../errors.js";
import { checkNumber } from "../options.js";

/** Past this, float64 no longer counts steps one by one. */
export const maxSteps = 2 ** 53 - 1;

/** A whole number of steps; throws UsageError for anything else. */
export function checkSteps(where: string, name: string, value: unknown, min = 0): number {
  const steps = checkNumber(where, name, value, { min, integer: true });
  if (steps > maxSteps) throw new UsageError(`${where}: ${name} must be at most ${maxSteps}, got ${steps}; float64 counts no further`);
  return steps;
}

/** `value` is undefined or a number in range. */
export function checkOptional(where: string, name: string, value: unknown, range: Parameters<typeof checkNumber>[3] = {}): number | undefined {
  return value === undefined ? undefined : checkNumber(where, name, value, range);
}

/** `value` is one of the keys of `choices`. */
export function checkChoice<K extends string>(where: string, name: string, value: unknown, choices: Readonly<Record<K, unknown>>): K {
  if (typeof value === "string" && Object.hasOwn(choices, value)) return value as K;
  throw new UsageError(`${where}: unknown ${name}, got ${printed(value)}; use ${Object.keys(choices).join(", ")}`);
}

/** A number of steps, or a share of `total` rounded up to a whole step, as Hugging Face's warmup_ratio. */
export function stepsOfRatio(where: string, ratio: unknown, total: unknown): number {
  const share = checkNumber(where, "ratio", ratio, { min: 0, max: 1 });
  return Math.min(Math.ceil(share * checkSteps(where, "total", total)), total as number);
}

/** Short text of any value, whatever it is. */
export function printed(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  if (value === undefined) return "none";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" || typeof value === "function" ? `a value of type ${typeof value}` : String(value);
}

/** What an open `from` looks like in most families: spread into the family. */
export const openFrom = {
  needsStart: ({ from }: { readonly from?: number | undefined }): boolean => from === undefined,
  startingFrom: <Own extends { readonly from?: number | undefined }>(description: Own, value: number): Own => ({ ...description, from: value }),
};

/** `from`, which a schedule before this one gives where it was left out. */
export function closed(where: string, from: number | undefined): number {
  if (from === undefined) throw new UsageError(`${where}: from is open, got none; give from, or chain it with .then()`);
  return from;
}
